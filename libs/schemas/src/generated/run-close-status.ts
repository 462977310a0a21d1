// Generated from schemas/ by tools/generate. Do not edit.

/** How a workflow run ended. */
export type RunCloseStatus = 'completed' | 'failed' | 'canceled' | 'terminated' | 'timed-out' | 'continued-as-new';
