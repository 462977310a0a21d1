import type { temporal } from '@temporalio/proto';
import type { ActivityOptions, ActivityOptionsRequest, Priority, RetryPolicy } from '@ratchet/domain';
import { present } from '../../present.ts';
import { fromMs, toMs } from './times.ts';

type WirePriority = temporal.api.common.v1.IPriority;
type WireRetryPolicy = temporal.api.common.v1.IRetryPolicy;

interface WireOptions {
  readonly taskQueue?: temporal.api.taskqueue.v1.ITaskQueue | null;
  readonly scheduleToCloseTimeout?: Parameters<typeof toMs>[1];
  readonly scheduleToStartTimeout?: Parameters<typeof toMs>[1];
  readonly startToCloseTimeout?: Parameters<typeof toMs>[1];
  readonly heartbeatTimeout?: Parameters<typeof toMs>[1];
  readonly startDelay?: Parameters<typeof toMs>[1];
  readonly retryPolicy?: WireRetryPolicy | null;
  readonly priority?: WirePriority | null;
}

/** The options as they were asked for, nothing filled in. @throws FrontDoorError for a duration that is none. */
export function toOptions(wire: WireOptions): ActivityOptionsRequest {
  const { retryPolicy } = wire;
  return {
    taskQueue: wire.taskQueue?.name ?? '',
    ...present({
      scheduleToCloseTimeoutMs: toMs('invalid ScheduleToCloseTimeout', wire.scheduleToCloseTimeout),
      scheduleToStartTimeoutMs: toMs('invalid ScheduleToStartTimeout', wire.scheduleToStartTimeout),
      startToCloseTimeoutMs: toMs('invalid StartToCloseTimeout', wire.startToCloseTimeout),
      heartbeatTimeoutMs: toMs('invalid HeartbeatTimeout', wire.heartbeatTimeout),
      startDelayMs: toMs('invalid StartDelay', wire.startDelay),
      retryPolicy: retryPolicy === null || retryPolicy === undefined ? undefined : toRetryPolicy(retryPolicy),
      priorityKey: wire.priority?.priorityKey ?? undefined,
      fairnessKey: wire.priority?.fairnessKey ?? undefined,
      fairnessWeight: wire.priority?.fairnessWeight ?? undefined,
    }),
  };
}

export function toRetryPolicy(policy: WireRetryPolicy): NonNullable<ActivityOptionsRequest['retryPolicy']> {
  const { backoffCoefficient, maximumAttempts, nonRetryableErrorTypes } = policy;
  return present({
    initialIntervalMs: toMs('invalid InitialInterval set on retry policy', policy.initialInterval),
    backoffCoefficient: backoffCoefficient ?? undefined,
    intervalMsMax: toMs('invalid MaximumInterval set on retry policy', policy.maximumInterval),
    attemptsMax: maximumAttempts ?? undefined,
    nonRetryableErrorTypes: nonRetryableErrorTypes ?? undefined,
  });
}

/** The options in force, as `Describe` and `Update` show them. */
export const fromOptions = (options: ActivityOptions): temporal.api.activity.v1.IActivityOptions => ({
  taskQueue: { name: options.taskQueue },
  ...fromTimeouts(options),
  retryPolicy: fromRetryPolicy(options.retryPolicy),
  ...present({ startDelay: fromStartDelayIfAny(options), priority: fromPriorityIfAny(options) }),
});

export const fromStartDelayIfAny = ({ startDelayMs }: ActivityOptions): ReturnType<typeof fromMs> | undefined =>
  startDelayMs === 0 ? undefined : fromMs(startDelayMs);

export const fromPriorityIfAny = ({ priorityKey, fairnessKey, fairnessWeight }: Priority): WirePriority | undefined =>
  priorityKey === 0 && fairnessKey === '' && fairnessWeight === 0
    ? undefined
    : { priorityKey, fairnessKey, fairnessWeight };

/** 0 is said, not left out: the SDK takes a missing one for an error. */
export const fromTimeouts = (options: ActivityOptions) => ({
  scheduleToCloseTimeout: fromMs(options.scheduleToCloseTimeoutMs),
  scheduleToStartTimeout: fromMs(options.scheduleToStartTimeoutMs),
  startToCloseTimeout: fromMs(options.startToCloseTimeoutMs),
  heartbeatTimeout: fromMs(options.heartbeatTimeoutMs),
});

export const fromRetryPolicy = (policy: RetryPolicy): WireRetryPolicy => ({
  initialInterval: fromMs(policy.initialIntervalMs),
  backoffCoefficient: policy.backoffCoefficient,
  maximumInterval: fromMs(policy.intervalMsMax),
  maximumAttempts: policy.attemptsMax,
  nonRetryableErrorTypes: [...policy.nonRetryableErrorTypes],
});
