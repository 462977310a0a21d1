import type { IdConflictPolicy, IdReusePolicy } from '@ratchet/domain';
import type { Duration } from '@ratchet/protocol';
import type { ActivityArguments, ActivityName } from './activity-types.ts';

/** Semantics section 1.1. `startToClose` or `scheduleToClose` must be set; 0 is as good as left out. */
export type ActivityTimeouts = With<'scheduleToClose'> | With<'startToClose'>;

/** No property stands on both sides: a `Duration` has some 150 members, and TypeScript would meet each with each. */
type With<K extends keyof OptionalTimeouts> = Omit<OptionalTimeouts, K> & Required<Pick<OptionalTimeouts, K>>;

interface OptionalTimeouts {
  /** From asking to the end, all attempts together. Default: unlimited. */
  readonly scheduleToClose?: Duration;
  /** How long an attempt may wait for a worker; never retried. Default: unlimited. */
  readonly scheduleToStart?: Duration;
  /** One attempt. Default: `scheduleToClose`. */
  readonly startToClose?: Duration;
  /** The longest pause between two heartbeats. Default: none are needed. */
  readonly heartbeat?: Duration;
}

/** Semantics section 1.2. */
export interface RetryOptions {
  /** The pause after the first attempt; 1 s by default. */
  readonly initialInterval?: Duration;
  /** Each pause is the one before it times this; 2 by default, at least 1. */
  readonly backoffCoefficient?: number;
  /** 100 times `initialInterval` by default. */
  readonly maximumInterval?: Duration;
  /** The first one counted; 0, the default, is without limit. */
  readonly maximumAttempts?: number;
  /** Types of application failures that end the activity at once. */
  readonly nonRetryableErrorTypes?: readonly string[];
}

/** Semantics section 1.1. */
export interface PriorityOptions {
  /** 1 goes before 5; 3 by default. A worker hands out the most urgent of what has reached it. */
  readonly priorityKey?: number;
  /** Whose task it is: kept and shown, at most 64 bytes. */
  readonly fairnessKey?: string;
  readonly fairnessWeight?: number;
}

export interface CommonStartOptions {
  /**
   * Unique among the open standalone activities of the namespace; when left out it follows from `requestId`, and is
   * made up where there is none. At most 1000 bytes.
   */
  readonly id?: string;
  readonly taskQueue: string;
  readonly timeouts: ActivityTimeouts;
  readonly retry?: RetryOptions;
  /** When an activity with this id is open: `fail` (default), or `use-existing`, which gives a handle to it. */
  readonly idConflictPolicy?: IdConflictPolicy;
  /** When one was: `allow-duplicate` (default), `allow-duplicate-failed-only`, or `reject-duplicate`. */
  readonly idReusePolicy?: IdReusePolicy;
  /** Which of the queue's waiting tasks go first. */
  readonly priority?: PriorityOptions;
  /** Delays the first attempt, and with it `scheduleToStart` and `scheduleToClose`. */
  readonly startDelay?: Duration;
  /** A second request with the same id is the first one again: no error, the same run. Made up when left out. */
  readonly requestId?: string;
  /** How long the outcome can be asked for after the end; 24 h by default. */
  readonly retention?: Duration;
}

/** `args` may be left out where the activity can be called without any. At most 2 MiB together. */
type WithArguments<A> = [] extends A ? { readonly args?: A } : { readonly args: A };

export type StartActivityOptions<T, N extends ActivityName<T>, Common = CommonStartOptions> = Common &
  WithArguments<ActivityArguments<T, N>>;

/** The options as they are when nobody has checked their types. */
export type AnyStartOptions = CommonStartOptions & { readonly args?: readonly unknown[] };
