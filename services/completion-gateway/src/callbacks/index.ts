export { CallbackSender } from './callback-sender.ts';
export { callbackSettings, type CallbackSettings } from './callbacks.settings.ts';
export { CallbacksReader } from './callbacks-reader.ts';
