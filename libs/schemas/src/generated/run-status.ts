// Generated from schemas/ by tools/generate. Do not edit.

/** Where a workflow run stands. */
export type RunStatus = 'open' | 'cancel-requested' | 'closed';
