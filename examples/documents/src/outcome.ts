import type { TimeoutType } from '@ratchet/client';

/** How an activity ended, as a plain value that can be compared. */
export type Outcome =
  | { readonly status: 'completed'; readonly result: unknown }
  | {
      readonly status: 'timed-out';
      readonly timeoutType: TimeoutType;
      readonly lastHeartbeatDetails: unknown;
      /** The message of the previous attempt's failure. */
      readonly cause: string | undefined;
    }
  | { readonly status: 'failed' | 'canceled' | 'terminated'; readonly message: string };

/** Everything the demo saw of one activity. */
export interface Observation {
  /** For people: what it did, and on what. */
  readonly name: string;
  readonly activityId: string;
  readonly outcome: Outcome;
  /** Asked for once more, at the end. */
  readonly outcomeAgain: Outcome;
  /** What describing it says at the end. */
  readonly described: { readonly status: string; readonly attempt: number; readonly durationMs: number };
  /** The attempts that worker processes wrote into their journals, ascending. */
  readonly attemptsRun: readonly number[];
}

/** What must have come out of one activity. */
export interface Expectation {
  readonly outcome: Outcome;
  readonly attempts: { readonly min: number; readonly max: number };
  /**
   * Which of its attempts a worker must have run. `some` where an attempt may end before it begins: the time for all
   * attempts passes, or a worker gets its grant so late, from a scheduler that was away, that it leaves it alone.
   */
  readonly runs: 'all' | 'some' | 'none';
}
