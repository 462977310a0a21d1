import { randomUUID } from 'node:crypto';
import { millis, validateSchedule, type ActivityOptionsRequest } from '@ratchet/domain';
import {
  activityIdOf,
  durationMs,
  type CommandDraftOf,
  type Duration,
  type LoadedDataConverter,
} from '@ratchet/protocol';
import { InvalidActivityOptionsError } from './errors.ts';
import { checkOptions, checkText, startShape } from './option-shapes.ts';
import { outgoingPayloads } from './outgoing-payloads.ts';
import type { AnyStartOptions, RetryOptions } from './start-activity-options.ts';

/** Who asks, and how values are written. */
export interface Asker {
  readonly namespace: string;
  readonly identity: string;
  readonly converter: LoadedDataConverter;
}

/** 24 hours: how long the outcome of a standalone activity is kept. */
const retentionMsDefault = 24 * 60 * 60 * 1000;

/**
 * The Schedule that these options ask for, every field checked: what is wrong never leaves the process.
 *
 * @throws InvalidActivityOptionsError (rejects) that names the field.
 */
export async function scheduleDraft(
  activityType: string,
  options: AnyStartOptions,
  { namespace, identity, converter }: Asker,
): Promise<CommandDraftOf<'Schedule'>> {
  checkText('activityType', activityType);
  checkOptions(startShape, options);
  const { requestId } = options;
  // A request that may be repeated must find what it has started.
  const ownId = requestId === undefined ? randomUUID() : activityIdOf(activityType, requestId);
  const activityId = options.id ?? ownId;
  const draft = {
    type: 'Schedule',
    target: { namespace, workflowId: '', runId: randomUUID(), activityId },
    requestId: requestId ?? randomUUID(),
    identity,
    activityType,
    options: optionsRequest(options),
    input: [],
    header: {},
    idReusePolicy: options.idReusePolicy ?? 'allow-duplicate',
    idConflictPolicy: options.idConflictPolicy ?? 'fail',
    shielded: false,
    retentionMs: millis(duration(options.retention) ?? retentionMsDefault),
    awaitOutcome: false,
  } as const satisfies CommandDraftOf<'Schedule'>;
  const refusal = validateSchedule(draft);
  if (refusal !== undefined) throw new InvalidActivityOptionsError(refusal.message, '');
  const args = options.args ?? [];
  return args.length === 0 ? draft : { ...draft, input: await outgoingPayloads('args', args, converter) };
}

function optionsRequest(options: AnyStartOptions): ActivityOptionsRequest {
  const { taskQueue, timeouts, startDelay, retry, priority } = options;
  return {
    taskQueue,
    ...present('scheduleToCloseTimeoutMs', duration(timeouts.scheduleToClose)),
    ...present('scheduleToStartTimeoutMs', duration(timeouts.scheduleToStart)),
    ...present('startToCloseTimeoutMs', duration(timeouts.startToClose)),
    ...present('heartbeatTimeoutMs', duration(timeouts.heartbeat)),
    ...present('startDelayMs', duration(startDelay)),
    ...present('retryPolicy', retry === undefined ? undefined : retryPolicy(retry)),
    ...priority,
  };
}

function retryPolicy(retry: RetryOptions): NonNullable<ActivityOptionsRequest['retryPolicy']> {
  return {
    ...present('initialIntervalMs', duration(retry.initialInterval)),
    ...present('backoffCoefficient', retry.backoffCoefficient),
    ...present('intervalMsMax', duration(retry.maximumInterval)),
    ...present('attemptsMax', retry.maximumAttempts),
    ...present('nonRetryableErrorTypes', retry.nonRetryableErrorTypes),
  };
}

type Present<K extends string, V> = Readonly<Partial<Record<K, V>>>;

/** The property, when there is a value for it. */
const present = <K extends string, V>(name: K, value: V | undefined): Present<K, V> =>
  (value === undefined ? {} : { [name]: value }) as Present<K, V>;

const duration = (value: Duration | undefined): number | undefined =>
  value === undefined ? undefined : durationMs(value);
