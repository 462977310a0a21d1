// Generated from schemas/ by tools/generate. Do not edit.

import type { ExecutionId } from './execution-id.ts';
import type { Failure } from './failure.ts';

import type { Payload } from './payload.ts';

/** What an external system says about an activity that it completes, by token or by ids. */
export interface CompletionEvent {
  /** Made by the sender; a second event of the same source and id is dropped. */
  readonly eventId: string;
  /** Which system. */
  readonly source: string;
  /** Names the attempt. */
  readonly taskToken?: Uint8Array | null;
  /** Names the activity, when there is no token. */
  readonly target?: ExecutionId | null;
  /** What it says. */
  readonly body:
    | { readonly 'ratchet.v1.Completed': Completed }
    | { readonly 'ratchet.v1.Failed': Failed }
    | { readonly 'ratchet.v1.Canceled': Canceled }
    | { readonly 'ratchet.v1.Heartbeat': Heartbeat };
}
/** It has a result. */
export interface Completed {
  /** The result. */
  readonly result: readonly Payload[];
}
/** It failed. */
export interface Failed {
  /** The failure. */
  readonly failure: Failure;
}
/** It accepted a cancellation. */
export interface Canceled {
  /** What it gave along. */
  readonly details: readonly Payload[];
}
/** It is alive. */
export interface Heartbeat {
  /** Reach the next attempt. */
  readonly details: readonly Payload[];
}
