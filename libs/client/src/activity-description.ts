import {
  isClosed,
  canceledReason,
  currentRetryIntervalMs,
  epochMillis,
  expirationTime,
  lastFailure,
  lastHeartbeatTime,
  nextAttemptScheduleTime,
  publicStatus,
  runState,
  type Activity,
  type ActivityOptions,
  type PublicStatus,
  type RunState,
} from '@ratchet/domain';
import { failureToError, payloadsToValues, type LoadedDataConverter, type RatchetFailure } from '@ratchet/protocol';

/** What is known of an activity. Instants are epoch milliseconds, lengths of time milliseconds. */
export interface ActivityDescription {
  readonly activityId: string;
  readonly runId: string;
  readonly activityType: string;
  readonly taskQueue: string;
  readonly status: PublicStatus;
  /** What goes on inside an open activity. */
  readonly runState: RunState;
  /** Counts from 1. */
  readonly attempt: number;
  readonly scheduledAt: number;
  /** When the attempt that runs, or was the last, began. */
  readonly startedAt?: number;
  readonly closedAt?: number;
  /** When the schedule-to-close timeout passes. */
  readonly expiresAt?: number;
  /** When the next attempt is due, while it is waited for. */
  readonly nextAttemptAt?: number;
  /** The backoff that is being waited out. */
  readonly currentRetryIntervalMs?: number;
  /** Details of the last recorded heartbeat. */
  readonly heartbeatDetails?: unknown;
  readonly lastHeartbeatAt?: number;
  readonly heartbeatCount: number;
  readonly lastFailure?: RatchetFailure;
  readonly lastFailedAt?: number;
  readonly lastWorkerIdentity: string;
  /** Why it is to be cancelled, or was, once that was asked for. */
  readonly cancelReason?: string;
  /** As they are in force; of a closed one the last. */
  readonly options: ActivityOptions;
}

/** The state that the scheduler answered, for people. */
export async function describeActivity(
  activity: Activity,
  converter: LoadedDataConverter,
): Promise<ActivityDescription> {
  const { id, activityType, attempt, scheduledAt, lastWorkerIdentity } = activity;
  return {
    activityId: id.activityId,
    runId: id.runId,
    activityType,
    taskQueue: activity.options.taskQueue,
    status: publicStatus(activity),
    runState: runState(activity),
    attempt,
    scheduledAt,
    lastWorkerIdentity,
    ...times(activity),
    ...(await heartbeat(activity, converter)),
    ...(await failure(activity, converter)),
    ...defined({ cancelReason: canceledReason(activity) }),
    options: activity.options,
  };
}

type Times = 'startedAt' | 'closedAt' | 'expiresAt' | 'nextAttemptAt' | 'currentRetryIntervalMs';

function times(activity: Activity): Partial<Pick<ActivityDescription, Times>> {
  const now = epochMillis(Date.now());
  return defined({
    startedAt: activity.startedAt,
    closedAt: isClosed(activity) ? activity.closedAt : undefined,
    expiresAt: expirationTime(activity),
    nextAttemptAt: nextAttemptScheduleTime(activity, now),
    currentRetryIntervalMs: currentRetryIntervalMs(activity, now),
  });
}

type Heartbeats = 'heartbeatDetails' | 'lastHeartbeatAt' | 'heartbeatCount';

async function heartbeat(
  activity: Activity,
  converter: LoadedDataConverter,
): Promise<Pick<ActivityDescription, Heartbeats>> {
  if (activity.heartbeat === undefined) return { heartbeatCount: 0 };
  const { details, count } = activity.heartbeat;
  const [heartbeatDetails] = await payloadsToValues(converter, details);
  return { heartbeatDetails, ...defined({ lastHeartbeatAt: lastHeartbeatTime(activity) }), heartbeatCount: count };
}

async function failure(
  activity: Activity,
  converter: LoadedDataConverter,
): Promise<Partial<Pick<ActivityDescription, 'lastFailure' | 'lastFailedAt'>>> {
  const last = lastFailure(activity);
  if (last === undefined) return {};
  return { lastFailure: await failureToError(converter, last.failure), lastFailedAt: last.failedAt };
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the properties that are `undefined`. */
const defined = <T extends object>(object: T): Defined<T> =>
  Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
