import proto from '@temporalio/proto';
import fc from 'fast-check';
import { epochMillis, millis, type Failure } from '@ratchet/domain';
import {
  publicStatusNumbers,
  retryStateNumbers,
  runStateNumbers,
  timeoutTypeNumbers,
  toConflictPolicy,
  toReusePolicy,
} from './enums.ts';
import { fromFailure, toFailure } from './failures.ts';
import { fromOptions, toOptions } from './options.ts';
import { fromPayloads, toPayloads } from './payloads.ts';
import { fromTask } from './polled-task.ts';
import { messageType } from './proto.ts';
import { updatedOptions } from './updated-options.ts';

/** A message as it is after the wire. */
const sent = <T>(name: string, message: T): T => {
  const type = messageType<T>(name);
  return type.decode(type.encode(message).finish());
};

interface EnumType {
  readonly values: Readonly<Record<string, number>>;
}
const published = (name: string): Readonly<Record<string, number>> =>
  (proto as unknown as { lookupEnum(name: string): EnumType }).lookupEnum(`temporal.api.enums.v1.${name}`).values;

describe('the numbers of', () => {
  test.each<{ name: string; prefix: string; ours: Readonly<Record<string, number>> }>([
    { name: 'ActivityExecutionStatus', prefix: 'ACTIVITY_EXECUTION_STATUS_', ours: publicStatusNumbers },
    { name: 'PendingActivityState', prefix: 'PENDING_ACTIVITY_STATE_', ours: runStateNumbers },
    { name: 'RetryState', prefix: 'RETRY_STATE_', ours: retryStateNumbers },
    { name: 'TimeoutType', prefix: 'TIMEOUT_TYPE_', ours: timeoutTypeNumbers },
  ])('$name are the published ones', ({ name, prefix, ours }) => {
    for (const [word, number] of Object.entries(ours)) {
      expect([word, published(name)[prefix + word.toUpperCase().replaceAll('-', '_')]]).toEqual([word, number]);
    }
  });

  test('a policy that is none are refused', () => {
    expect([0, 1, 2, 3].map(toReusePolicy)).toEqual([
      'allow-duplicate',
      'allow-duplicate',
      'allow-duplicate-failed-only',
      'reject-duplicate',
    ]);
    expect(() => toReusePolicy(4)).toThrow('unsupported ID reuse policy: 4');
    expect(() => toConflictPolicy(3)).toThrow('unsupported ID conflict policy: 3');
  });
});

const bytes = fc.uint8Array({ maxLength: 8 });
const payload = fc.record({
  metadata: fc.dictionary(
    fc.string().filter((key) => key !== '__proto__'),
    bytes,
  ),
  data: bytes,
});
const payloads = fc.array(payload, { maxLength: 3 });

/** Bytes as numbers, whatever holds them. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return [...value];
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

test('payloads come back, byte for byte', () => {
  fc.assert(
    fc.property(payloads, (value) => {
      const wire = sent('temporal.api.common.v1.Payloads', fromPayloads(value));
      expect(plain(toPayloads(wire))).toEqual(plain(value));
    }),
  );
});

const info = fc.oneof(
  fc.constant({ type: 'none' } as const),
  fc.record({
    type: fc.constant('application' as const),
    errorType: fc.string(),
    nonRetryable: fc.boolean(),
    details: payloads,
  }),
  fc.record({
    type: fc.constant('application' as const),
    errorType: fc.string(),
    nonRetryable: fc.boolean(),
    details: payloads,
    nextRetryDelayMs: fc.integer({ min: 1, max: 1_000_000 }).map(millis),
    category: fc.constant('benign' as const),
  }),
  fc.record({
    type: fc.constant('timeout' as const),
    timeoutType: fc.constantFrom('start-to-close', 'schedule-to-start', 'schedule-to-close', 'heartbeat'),
    lastHeartbeatDetails: payloads,
  }),
  fc.record({ type: fc.constant('canceled' as const), details: payloads, identity: fc.string() }),
  fc.record({ type: fc.constant('terminated' as const), identity: fc.string() }),
  fc.record({ type: fc.constant('server' as const), nonRetryable: fc.boolean() }),
);
const text = fc.string();
const link = fc.record({ message: text, source: text, stackTrace: text, info });
const failures: fc.Arbitrary<Failure> = fc
  .array(link, { minLength: 1, maxLength: 4 })
  .map((links) =>
    links.reduceRight<Failure | undefined>(
      (cause, each) => (cause === undefined ? each : { ...each, cause }),
      undefined,
    ),
  )
  .filter((failure) => failure !== undefined);

test('failures come back, with all their causes', () => {
  fc.assert(
    fc.property(failures, (failure) => {
      expect(plain(toFailure(sent('temporal.api.failure.v1.Failure', fromFailure(failure))))).toEqual(plain(failure));
    }),
  );
});

test('a chain of causes without end is refused', () => {
  let failure = {};
  for (let depth = 0; depth < 200; depth++) failure = { cause: failure };
  expect(() => toFailure(failure)).toThrow('Failure has too many causes.');
});

const options = {
  taskQueue: 'payments',
  scheduleToCloseTimeoutMs: millis(0),
  scheduleToStartTimeoutMs: millis(1500),
  startToCloseTimeoutMs: millis(10_000),
  heartbeatTimeoutMs: millis(0),
  startDelayMs: millis(250),
  retryPolicy: {
    initialIntervalMs: millis(1000),
    backoffCoefficient: 1.5,
    intervalMsMax: millis(100_000),
    attemptsMax: 7,
    nonRetryableErrorTypes: ['Declined'],
  },
  priorityKey: 2,
  fairnessKey: 'tenant',
  fairnessWeight: 0.5,
};

test('options come back', () => {
  expect(toOptions(sent('temporal.api.activity.v1.ActivityOptions', fromOptions(options)))).toEqual(options);
});

test('what there is none of is absent, not empty', () => {
  const none = { ...options, startDelayMs: millis(0), priorityKey: 0, fairnessKey: '', fairnessWeight: 0 };
  const wire = fromOptions(none);
  expect(wire).not.toHaveProperty('startDelay');
  expect(wire).not.toHaveProperty('priority');
  const keyed = fromOptions({ ...none, fairnessKey: 'tenant' });
  expect(keyed.priority).toEqual({ priorityKey: 0, fairnessKey: 'tenant', fairnessWeight: 0 });
});

test('a task says its times and timeouts even where they are 0', () => {
  const id = { namespace: 'default', workflowId: '', runId: 'run', activityId: 'charge' };
  const task = {
    id,
    activityType: 'charge',
    taskToken: Buffer.from('token'),
    attempt: 1,
    options,
    input: [],
    header: {},
    heartbeatDetails: [],
    scheduledAt: epochMillis(0),
    currentAttemptScheduledAt: epochMillis(0),
    passedOnCount: 0,
  };
  const wire = sent(
    'temporal.api.workflowservice.v1.PollActivityTaskQueueResponse',
    fromTask({ task, startedAt: epochMillis(5) }),
  );
  const { scheduledTime, currentAttemptScheduledTime, startedTime, scheduleToCloseTimeout } = wire;
  for (const set of [scheduledTime, currentAttemptScheduledTime, startedTime, scheduleToCloseTimeout]) {
    expect(set).toEqual(expect.anything());
  }
  expect(wire).toMatchObject({ activityId: 'charge', activityRunId: 'run', workflowNamespace: 'default' });
  for (const absent of [wire.header, wire.input, wire.heartbeatDetails]) expect(absent ?? null).toBeNull();
});

describe('an update', () => {
  const activityOptions = {
    taskQueue: { name: 'parcels' },
    heartbeatTimeout: { seconds: 5 as never },
    retryPolicy: { maximumAttempts: 3, backoffCoefficient: 1 },
    priority: { priorityKey: 1 },
  };

  test.each<{ paths: string[]; changes: object }>([
    { paths: [], changes: {} },
    { paths: ['task_queue.name'], changes: { taskQueue: 'parcels' } },
    { paths: ['heartbeat_timeout'], changes: { heartbeatTimeoutMs: 5000 } },
    { paths: ['start_to_close_timeout'], changes: { startToCloseTimeoutMs: 0 } },
    { paths: ['retry_policy.maximum_attempts'], changes: { retryPolicy: { attemptsMax: 3 } } },
    {
      paths: ['retry_policy.maximum_attempts', 'retry_policy.maximum_interval'],
      changes: { retryPolicy: { attemptsMax: 3, intervalMsMax: 0 } },
    },
    { paths: ['priority.priority_key'], changes: { priorityKey: 1 } },
    { paths: ['priority.priorityKey'], changes: { priorityKey: 1 } },
    { paths: ['startDelay'], changes: { startDelayMs: 0 } },
    { paths: ['taskQueue.name'], changes: { taskQueue: 'parcels' } },
  ])('of $paths changes that and nothing else', ({ paths, changes }) => {
    expect(updatedOptions({ activityOptions, updateMask: { paths } })).toEqual(changes);
  });

  test.each(['identity', 'constructor', 'toString', 'StartDelay', ''])('of %p is refused', (path) => {
    expect(() => updatedOptions({ activityOptions, updateMask: { paths: [path] } })).toThrow(
      `unsupported update_mask path: ${JSON.stringify(path)}`,
    );
  });
});
