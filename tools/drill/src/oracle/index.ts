export type { Note, Noted } from '../journal.ts';
export { textOf } from '../outcome-text.ts';
export { factsOf, type Read } from './facts-of.ts';
export type { DeadLetter, Fact } from './facts.ts';
export { judge, type Violation } from './judge.ts';
