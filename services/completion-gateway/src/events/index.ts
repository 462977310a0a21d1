export { CompletionHandler } from './completion-handler.ts';
export { CompletionsReader } from './completions-reader.ts';
