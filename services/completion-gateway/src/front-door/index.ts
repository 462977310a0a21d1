export * from './activity-calls.ts';
export * from './attempt-calls.ts';
export * from './caller.ts';
export type { ActivityRef } from './desk.ts';
export { createFrontDoor, type FrontDoor, type FrontDoorParts } from './front-door.ts';
export * from './front-door-error.ts';
export * from './namespace-calls.ts';
export * from './run-calls.ts';
export * from './task-polls.ts';
