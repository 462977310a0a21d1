// Generated from schemas/ by tools/generate. Do not edit.

/** Which limit passed. */
export type TimeoutType = 'start-to-close' | 'schedule-to-start' | 'schedule-to-close' | 'heartbeat';
