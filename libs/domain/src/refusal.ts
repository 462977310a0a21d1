/** Why a command changed nothing. The gateway maps each to the code of the wire (semantics 2.4). */
export type RefusalReason =
  /** Bad input: the message names the field. */
  | 'invalid-argument'
  /** No such execution or run, or it is closed and the caller speaks for an attempt. */
  | 'not-found'
  /** The id is in use and the policies say no. */
  | 'already-started'
  /** A token or timer of another attempt, reset or life. */
  | 'stale-attempt'
  /** Another process drives the run. */
  | 'stale-driver'
  /** Another claim has this attempt. */
  | 'already-claimed'
  /** The state does not allow it; the message says which state. */
  | 'failed-precondition'
  /** A timer before its time. */
  | 'not-due'
  /** The record stands in a partition its key does not belong to. */
  | 'wrong-partition';

/** A limit of what is kept of a run or an activity, by its name in `limits.ts`. */
export type StateLimit =
  | 'keptWithRunMax'
  | 'waitingSignalsMax'
  | 'waitingSignalBytesMax'
  | 'rememberedIdsMax'
  | 'callbackUrlsMax'
  | 'linksMax'
  | 'linksBytesMax';

/** A refusal is a value, answered and never thrown. `message` is the reference's text where it has one. */
export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
  /** For `already-started`: the run that has the id, and the request that started it. */
  readonly existing?: { readonly runId: string; readonly startRequestId: string };
  /** For the heartbeat of an attempt that is over: it is over because it timed out. Absent: it is not known to be. */
  readonly attemptTimedOut?: true;
  /** The limit that is reached, where that is why. It is counted where the command is decided, and goes no further. */
  readonly limit?: StateLimit;
}
