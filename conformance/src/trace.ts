import type { ActivityOptionsRequest, PublicStatus, RetryState } from '@ratchet/domain';

/**
 * One thing that happens to an activity, in words that fit our cluster and Temporal alike.
 *
 * A worker's steps speak for the attempt that was polled last; `…-with-first-token` for the first that was polled.
 * `…-elapses` lets the time pass until that limit of the present state is over, and whatever else is due before.
 */
export type Step =
  // a worker of the task queue
  | 'poll'
  | 'complete'
  | 'fail'
  | 'fail-for-good'
  | 'fail-with-retry-delay'
  | 'fail-with-heartbeat-details'
  | 'heartbeat'
  | 'report-canceled'
  | 'complete-with-first-token'
  | 'fail-with-first-token'
  | 'heartbeat-with-first-token'
  // a worker of another task queue
  | 'poll-other-queue'
  // anyone, by id
  | 'complete-by-id'
  | 'fail-by-id'
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
  // an operator
  | 'pause'
  | 'unpause'
  | 'reset'
  | 'reset-keeping-pause'
  | 'reset-forgetting-heartbeat'
  | 'reset-restoring-options'
  | 'move-to-other-queue'
  // time
  | 'start-delay-elapses'
  | 'backoff-elapses'
  | 'schedule-to-start-elapses'
  | 'schedule-to-close-elapses'
  | 'start-to-close-elapses'
  | 'heartbeat-elapses';

/** What the one who took a step was told. */
export type Answer =
  | 'ok'
  /** A poll that got an attempt, and one that got none. */
  | 'task'
  | 'no-task'
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
  readonly status: PublicStatus;
  /** The number of the present or last attempt. */
  readonly attempt: number;
  /** Attempts handed to a worker so far, in all lives of the id. */
  readonly attemptsStarted: number;
  /** Of the last step. Time answers nothing: `ok`. */
  readonly answer: Answer;
  /** The message of the outcome, when it is a failure; empty otherwise. */
  readonly failure: string;
  /** The message of the failure that caused the outcome, or empty. */
  readonly cause: string;
  readonly retryState: RetryState;
  /** The heartbeat details that came with the attempt polled last: `heartbeat 1` for those of the first heartbeat. */
  readonly heartbeatDetails: string;
}

/** A promise, how it is tried, and what must be seen. What is not named may be anything. */
export interface Trace {
  readonly promise: string;
  /** Beside the usual ones. */
  readonly options?: Partial<ActivityOptionsRequest>;
  readonly steps: readonly Step[];
  readonly sees: Partial<Sighting>;
}

/**
 * The usual options: three attempts, and limits far enough apart that a driver in real time tells them from each other.
 * A driver may give the task queue a name of its own, but changes no duration.
 */
export const usualOptions = {
  taskQueue: 'conformance',
  scheduleToCloseTimeoutMs: 4000,
  scheduleToStartTimeoutMs: 1200,
  startToCloseTimeoutMs: 800,
  heartbeatTimeoutMs: 500,
  retryPolicy: { initialIntervalMs: 150, backoffCoefficient: 2, attemptsMax: 3 },
} as const satisfies ActivityOptionsRequest;

export const otherTaskQueue = 'conformance-other';

/** What `fail-with-retry-delay` asks for. */
export const retryDelayMs = 400;

/** Starts one activity and plays a trace on it. There are three: the bare domain, our services on Kafka, Temporal. */
export interface Driver {
  readonly name: string;
  play(trace: Pick<Trace, 'options' | 'steps'>): Promise<Sighting>;
}
