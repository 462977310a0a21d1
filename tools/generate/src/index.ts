export { generate, type GeneratedFiles } from './generate.ts';
export { staleFiles } from './stale-files.ts';
