// Generated from schemas/ by tools/generate. Do not edit.

/** Why an attempt that runs must stop. A reason this reader does not know is read as CANCEL_REQUESTED: to stop is always right. */
export type NoticeReason = 'cancel-requested' | 'timed-out' | 'not-found' | 'paused' | 'reset';
