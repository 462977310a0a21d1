export type { Note, Noted } from '../journal.ts';
export { textOf } from '../outcome-text.ts';
export { factsOf, type Read } from './facts-of.ts';
export { judge } from './judge.ts';
