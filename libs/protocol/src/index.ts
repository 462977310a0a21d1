export * from './data-converter.ts';
export * from './duration.ts';
export * from './failure-converter.ts';
export * from './failures.ts';
export * from './not-serialisable.ts';
export * from './payload-codec.ts';
export * from './payload-converter.ts';
export * from './task-token.ts';
