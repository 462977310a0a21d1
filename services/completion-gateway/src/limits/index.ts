export type { Connection, Connections } from './connections.ts';
export { createLimits, type DoorLimits, type Limits } from './limits.ts';
export { limitSettings, type LimitSettings } from './limits.settings.ts';
export type { Quota } from './quota.ts';
export { RequestBytes } from './request-bytes.ts';
export type { TimedQueue } from './timed-queue.ts';
export { strangers, Turns } from './turns.ts';
