// Generated from schemas/ by tools/generate. Do not edit.

import type { Failure } from './failure.ts';

import type { Payload } from './payload.ts';

import type { RetryState } from './retry-state.ts';

/** How an activity ended: with a result, or with a failure when `failure` is set. */
export interface Outcome {
  /** The result; empty for a failure. */
  readonly result: readonly Payload[];
  /** The failure; absent for a result. */
  readonly failure?: Failure | null;
  /** Why there was no further attempt; UNSPECIFIED for a result. */
  readonly retryState: RetryState;
}
