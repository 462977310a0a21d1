// Generated from schemas/ by tools/generate. Do not edit.

/** How a closed activity ended. */
export type ClosedStatus = 'completed' | 'failed' | 'canceled' | 'terminated' | 'timed-out';
