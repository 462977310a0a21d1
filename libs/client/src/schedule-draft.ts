import { randomUUID } from 'node:crypto';
import { millis, validateSchedule, type ActivityOptionsRequest } from '@ratchet/domain';
import {
  durationExpected,
  durationMs,
  type CommandDraftOf,
  type Duration,
  type LoadedDataConverter,
} from '@ratchet/protocol';
import { InvalidActivityOptionsError } from './errors.ts';
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
  const activityId = text('id', options.id ?? randomUUID());
  const draft = {
    type: 'Schedule',
    target: { namespace, workflowId: '', runId: randomUUID(), activityId },
    requestId: text('requestId', options.requestId ?? randomUUID()),
    identity,
    activityType: text('activityType', activityType),
    options: optionsRequest(options),
    input: [],
    header: {},
    idReusePolicy: options.idReusePolicy ?? 'allow-duplicate',
    idConflictPolicy: options.idConflictPolicy ?? 'fail',
    shielded: false,
    retentionMs: millis(duration('retention', options.retention) ?? retentionMsDefault),
    awaitOutcome: false,
  } as const satisfies CommandDraftOf<'Schedule'>;
  const refusal = validateSchedule(draft);
  if (refusal !== undefined) throw new InvalidActivityOptionsError(refusal.message, '');
  const args = options.args ?? [];
  return args.length === 0 ? draft : { ...draft, input: await outgoingPayloads('args', args, converter) };
}

function optionsRequest(options: AnyStartOptions): ActivityOptionsRequest {
  const { timeouts, startDelay, retry, priority = {} } = options;
  return {
    taskQueue: text('taskQueue', options.taskQueue),
    ...present('scheduleToCloseTimeoutMs', duration('timeouts.scheduleToClose', timeouts.scheduleToClose)),
    ...present('scheduleToStartTimeoutMs', duration('timeouts.scheduleToStart', timeouts.scheduleToStart)),
    ...present('startToCloseTimeoutMs', duration('timeouts.startToClose', timeouts.startToClose)),
    ...present('heartbeatTimeoutMs', duration('timeouts.heartbeat', timeouts.heartbeat)),
    ...present('startDelayMs', duration('startDelay', startDelay)),
    ...present('retryPolicy', retry === undefined ? undefined : retryPolicy(retry)),
    ...present('priorityKey', number('priority.priorityKey', priority.priorityKey)),
    ...present('fairnessKey', optionalText('priority.fairnessKey', priority.fairnessKey)),
    ...present('fairnessWeight', number('priority.fairnessWeight', priority.fairnessWeight)),
  };
}

function retryPolicy(retry: RetryOptions): NonNullable<ActivityOptionsRequest['retryPolicy']> {
  const { nonRetryableErrorTypes } = retry;
  return {
    ...present('initialIntervalMs', duration('retry.initialInterval', retry.initialInterval)),
    ...present('backoffCoefficient', number('retry.backoffCoefficient', retry.backoffCoefficient)),
    ...present('intervalMsMax', duration('retry.maximumInterval', retry.maximumInterval)),
    ...present('attemptsMax', number('retry.maximumAttempts', retry.maximumAttempts)),
    ...present(
      'nonRetryableErrorTypes',
      nonRetryableErrorTypes?.map((type, index) => text(`retry.nonRetryableErrorTypes[${String(index)}]`, type)),
    ),
  };
}

type Present<K extends string, V> = Readonly<Partial<Record<K, V>>>;

/** The property, when there is a value for it. */
const present = <K extends string, V>(name: K, value: V | undefined): Present<K, V> =>
  (value === undefined ? {} : { [name]: value }) as Present<K, V>;

// The callers of JavaScript have no compiler, so types are looked at too.

function text(field: string, value: unknown): string {
  if (typeof value === 'string') return value;
  throw invalid(field, 'a string', value);
}

const optionalText = (field: string, value: unknown): string | undefined =>
  value === undefined ? undefined : text(field, value);

function number(field: string, value: unknown): number | undefined {
  if (value === undefined || (typeof value === 'number' && !Number.isNaN(value))) return value;
  throw invalid(field, 'a number', value);
}

function duration(field: string, value: Duration | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = durationMs(value);
  if (ms === undefined) throw invalid(field, durationExpected, value);
  return ms;
}

const invalid = (field: string, expected: string, value: unknown): InvalidActivityOptionsError =>
  new InvalidActivityOptionsError(`Expected to get ${field} as ${expected}, but it is ${shown(value)}`, field);

function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  return typeof value === 'number' || value === undefined ? String(value) : `of type ${typeof value}`;
}
