import type { ApplicationErrorCategory, Failure, TimeoutType } from '@ratchet/domain';
import type { Duration } from './duration.ts';

/**
 * What an activity can fail with. The subclasses are the kinds of the wire; `cause` is the failure before it.
 *
 * Only `ApplicationFailure` is for throwing in activities; the others are what Ratchet says.
 */
export class RatchetFailure extends Error {
  override readonly name: string = 'RatchetFailure';
  /** The failure as it travelled, for who must pass it on unchanged. Absent on one that was made here. */
  declare readonly failure?: Failure;

  constructor(message?: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
  }
}

/** Remembers how a failure travelled, out of sight of whoever prints it. */
export function rememberFailure(error: RatchetFailure, failure: Failure): void {
  Object.defineProperty(error, 'failure', { value: failure, enumerable: false });
}

export interface ApplicationFailureOptions {
  readonly message?: string;
  /** Matched exactly against the retry policy's `nonRetryableErrorTypes`. */
  readonly type?: string;
  /** No further attempt, whatever the retry policy says. Default: false. */
  readonly nonRetryable?: boolean;
  readonly details?: readonly unknown[];
  /** Replaces the retry policy's interval for the next attempt only; milliseconds, or a string as '30s'. */
  readonly nextRetryDelay?: Duration;
  /** `benign`: it is expected, and not worth an alarm; the worker logs it as `debug`. It changes no decision. */
  readonly category?: ApplicationErrorCategory;
  readonly cause?: unknown;
}

/**
 * A failure of the user's own code, and the only one to throw on purpose.
 *
 * Any other error thrown by an activity becomes one: its class name is the `type`, and it is retried.
 */
export class ApplicationFailure extends RatchetFailure {
  override readonly name = 'ApplicationFailure';
  readonly type: string | undefined;
  readonly nonRetryable: boolean;
  readonly details: readonly unknown[];
  readonly nextRetryDelay: Duration | undefined;
  readonly category: ApplicationErrorCategory | undefined;

  /** Use `create`, `retryable` or `nonRetryable`. */
  constructor({ message, type, nonRetryable, details, nextRetryDelay, category, cause }: ApplicationFailureOptions) {
    super(message, cause);
    this.type = type;
    this.nonRetryable = nonRetryable ?? false;
    this.details = details ?? [];
    this.nextRetryDelay = nextRetryDelay;
    this.category = category;
  }

  static create(options: ApplicationFailureOptions): ApplicationFailure {
    return new ApplicationFailure(options);
  }

  /** Retried as the retry policy says, unless it names `type` as not retryable. */
  static retryable(message?: string, type?: string, ...details: readonly unknown[]): ApplicationFailure {
    return new ApplicationFailure({ ...named(message, type), nonRetryable: false, details });
  }

  /** The activity fails with this, whatever the retry policy says. */
  static nonRetryable(message?: string, type?: string, ...details: readonly unknown[]): ApplicationFailure {
    return new ApplicationFailure({ ...named(message, type), nonRetryable: true, details });
  }
}

const named = (message: string | undefined, type: string | undefined): ApplicationFailureOptions => ({
  ...(message === undefined ? {} : { message }),
  ...(type === undefined ? {} : { type }),
});

/** A limit passed: which one, what the last heartbeat said, and the previous attempt's failure as `cause`. */
export class TimeoutFailure extends RatchetFailure {
  override readonly name = 'TimeoutFailure';
  readonly timeoutType: TimeoutType;
  /** The last recorded heartbeat's details; `undefined` when there were none. */
  readonly lastHeartbeatDetails: unknown;

  constructor(message: string, timeoutType: TimeoutType, lastHeartbeatDetails?: unknown, cause?: unknown) {
    super(message, cause);
    this.timeoutType = timeoutType;
    this.lastHeartbeatDetails = lastHeartbeatDetails;
  }
}

/** The activity was cancelled, and its worker agreed (or none had begun). In a worker: the reason of its cancellation signal. */
export class CancelledFailure extends RatchetFailure {
  override readonly name = 'CancelledFailure';
  readonly details: readonly unknown[];

  constructor(message: string, details: readonly unknown[] = [], cause?: unknown) {
    super(message, cause);
    this.details = details;
  }
}

/** Someone ended the activity without asking its worker. The message is their reason. */
export class TerminatedFailure extends RatchetFailure {
  override readonly name = 'TerminatedFailure';
  /** Who did it. */
  readonly identity: string;

  constructor(message: string, identity = '', cause?: unknown) {
    super(message, cause);
    this.identity = identity;
  }
}

/** Ratchet itself gave up: a value that was too large, for example. */
export class ServerFailure extends RatchetFailure {
  override readonly name = 'ServerFailure';
  readonly nonRetryable: boolean;

  constructor(message: string, nonRetryable: boolean, cause?: unknown) {
    super(message, cause);
    this.nonRetryable = nonRetryable;
  }
}
