export * from './errors.ts';
export * from './partition-logic.ts';
export * from './record.ts';
