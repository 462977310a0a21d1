import type { ActivityOptionsRequest, FailureInfo, PublicStatus, RetryState, RunState } from '@ratchet/domain';

/**
 * One thing that happens to an activity, in words that fit our cluster and Temporal alike.
 *
 * A worker's steps speak for the attempt that was polled last; `…-with-first-token` for the first that was polled.
 * `…-elapses` lets the time pass until that limit of the present state is over, and whatever else is due before;
 * `time-passes` lets `passedMs` pass.
 */
export type Step =
  // a worker of the task queue
  | 'poll'
  | 'complete'
  | 'fail'
  | 'fail-for-good'
  | 'fail-without-details'
  | 'fail-with-large-failure'
  | 'fail-with-retry-delay'
  | 'fail-with-long-retry-delay'
  | 'fail-with-heartbeat-details'
  | 'heartbeat'
  | 'heartbeat-without-details'
  | 'report-canceled'
  | 'complete-with-first-token'
  | 'fail-with-first-token'
  | 'heartbeat-with-first-token'
  | 'report-canceled-with-first-token'
  // a worker of another task queue
  | 'poll-other-queue'
  // anyone, by id
  | 'complete-by-id'
  | 'fail-by-id'
  | 'fail-with-timeout-by-id'
  | 'heartbeat-by-id'
  | 'report-canceled-by-id'
  // the client
  | 'start-again'
  | 'start-again-with-same-request'
  | 'start-again-using-existing'
  | 'start-again-rejecting-duplicates'
  | 'start-again-if-failed'
  | 'request-cancel'
  | 'request-cancel-with-other-request'
  | 'terminate'
  | 'terminate-with-other-request'
  | 'describe'
  | 'await-outcome'
  | 'delete'
  // an operator
  | 'pause'
  | 'pause-with-other-request'
  | 'unpause'
  | 'reset'
  | 'reset-with-other-request'
  | 'reset-keeping-pause'
  | 'reset-keeping-pause-with-other-request'
  | 'reset-forgetting-heartbeat'
  | 'reset-restoring-options'
  | 'move-to-other-queue'
  | 'shorten-start-to-close'
  | 'restore-options'
  // time
  | 'start-delay-elapses'
  | 'backoff-elapses'
  | 'schedule-to-start-elapses'
  | 'schedule-to-close-elapses'
  | 'start-to-close-elapses'
  | 'heartbeat-elapses'
  | 'time-passes';

/** What the one who took a step was told. */
export type Answer =
  | 'ok'
  /** A poll that got an attempt, and one that got none. */
  | 'task'
  | 'no-task'
  /** Who waits for the outcome was told to go on waiting. */
  | 'pending'
  /** What a heartbeat may tell beside `ok`. */
  | 'cancel-requested'
  | 'paused'
  | 'reset'
  | 'not-found'
  | 'already-exists'
  | 'invalid-argument'
  | 'failed-precondition';

/** What anyone outside can see once a trace has been played. */
export interface Sighting {
  /** `absent`: there is no activity of that id. */
  readonly status: PublicStatus | 'absent';
  /** `unspecified` when closed or absent. */
  readonly runState: RunState;
  /** The number of the present or last attempt; 0 when absent. */
  readonly attempt: number;
  /** A start delay or a backoff is being waited out: there is a time of the next attempt. */
  readonly waits: boolean;
  /** Attempts handed to a worker so far, in all lives of the id. */
  readonly attemptsStarted: number;
  /** Of the last step. Time answers nothing: `ok`. */
  readonly answer: Answer;
  /** What the last step was refused with; empty when it was not. */
  readonly message: string;
  /** The result, when the outcome is one; empty otherwise. */
  readonly result: string;
  /** The message of the outcome, when it is a failure; empty otherwise. */
  readonly failure: string;
  readonly failureType: FailureInfo['type'];
  /** Details of a cancelled outcome, those of the last heartbeat of one that timed out; empty otherwise. */
  readonly details: string;
  /** Who cancelled or terminated it; empty otherwise. */
  readonly endedBy: string;
  /** The message of the failure that caused the outcome, or empty. */
  readonly cause: string;
  readonly retryState: RetryState;
  /** How the last attempt failed; empty when none did. */
  readonly lastFailure: string;
  /** How often a heartbeat was recorded. */
  readonly heartbeats: number;
  /** The heartbeat details that came with the attempt polled last: `heartbeat 1` for those of the first heartbeat. */
  readonly heartbeatDetails: string;
}

/** A promise, how it is tried, and what must be seen. What is not named may be anything. */
export interface Trace {
  readonly promise: string;
  /** Beside the usual ones. */
  readonly options?: Partial<ActivityOptionsRequest>;
  /** False: no activity is started before the first step. */
  readonly started?: boolean;
  readonly steps: readonly Step[];
  readonly sees: Partial<Sighting>;
}

/**
 * The usual options: three attempts, and limits so long that none of them passes unless a trace says so.
 * A driver may give the task queue a name of its own, but changes no duration.
 */
export const usualOptions = {
  taskQueue: 'conformance',
  scheduleToCloseTimeoutMs: 300_000,
  scheduleToStartTimeoutMs: 120_000,
  startToCloseTimeoutMs: 100_000,
  heartbeatTimeoutMs: 90_000,
  retryPolicy: { initialIntervalMs: 60_000, backoffCoefficient: 2, attemptsMax: 3 },
} as const satisfies ActivityOptionsRequest;

/** A limit that is meant to pass: long enough that in real time the steps before it fit in. */
export const shortMs = 2000;

/** What `time-passes` waits: any short limit, and twice one, is over then, even on a clock that is a second late. */
export const passedMs = 2 * shortMs + 1000;

export const otherTaskQueue = 'conformance-other';

/** What `fail-with-retry-delay` and `fail-with-long-retry-delay` ask for. */
export const retryDelayMs = 700;
export const longRetryDelayMs = 200_000;

/** What `shorten-start-to-close` sets. */
export const shortenedStartToCloseMs = shortMs;

/** The options of a trace: a limit that one of its steps lets pass is short, unless the trace sets it. */
export function optionsOf({ options, steps }: Pick<Trace, 'options' | 'steps'>): ActivityOptionsRequest {
  const passes = (step: Step, short: Partial<ActivityOptionsRequest>) => (steps.includes(step) ? short : {});
  const backoff = { ...usualOptions.retryPolicy, initialIntervalMs: 500 };
  return {
    ...usualOptions,
    ...passes('backoff-elapses', { retryPolicy: backoff }),
    ...passes('schedule-to-start-elapses', { scheduleToStartTimeoutMs: shortMs }),
    ...passes('schedule-to-close-elapses', { scheduleToCloseTimeoutMs: shortMs }),
    ...passes('start-to-close-elapses', { startToCloseTimeoutMs: shortMs }),
    ...passes('heartbeat-elapses', { heartbeatTimeoutMs: shortMs }),
    ...options,
  };
}

/** Starts one activity and plays a trace on it: the bare domain, all services on a simulated log, and whatever speaks Temporal's gRPC. */
export interface Driver {
  readonly name: string;
  play(trace: Pick<Trace, 'options' | 'started' | 'steps'>): Promise<Sighting>;
}
