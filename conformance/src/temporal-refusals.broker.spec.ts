import { uniqueName } from '@ratchet/testing';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { msToTs } from '@temporalio/common/lib/time.js';
import { serverUnderTest, type ServerUnderTest } from './temporal/server-under-test.ts';
import { toldOf } from './temporal/workflow-service.ts';

// What is refused before anything happens, in the reference's words: semantics sections 1.1, 2.3, 2.4 and 2.7.

type Service = ReturnType<WorkflowServiceClient['within']>;
type StartRequest = Parameters<Service['startActivityExecution']>[0];

let server: ServerUnderTest;
let client: WorkflowServiceClient;
let service: Service;
let taskToken: Uint8Array;

const namespace = 'default';
const activityId = uniqueName('refused');
const named = { namespace, activityId };
const taskQueue = { name: uniqueName('refused') };
const long = 'x'.repeat(1001);
const huge = 'x'.repeat(2 * 1024 * 1024 + 1);
const tooLong = (what: string): string => `${what} exceeds length limit. Length=1001 Limit=1000`;
const nanos = (count: number) => ({ seconds: null, nanos: count });
const otherRun = '00000000-0000-4000-8000-000000000000';

const startRequest = (more: StartRequest = {}): StartRequest => ({
  ...named,
  requestId: 'start-1',
  activityType: { name: 'charge' },
  taskQueue,
  startToCloseTimeout: msToTs('10 minutes'),
  ...more,
});

beforeAll(async () => {
  server = await serverUnderTest();
  client = new WorkflowServiceClient(server.address);
  service = client.within(30_000);
  await service.startActivityExecution(startRequest());
  ({ taskToken } = await client.within(60_000).pollActivityTaskQueue({ namespace, taskQueue }));
});

afterAll(async () => {
  client.close();
  await server.stop();
});

type Row = readonly [what: string, call: () => Promise<unknown>, message: string | RegExp];

async function expectRefused(call: () => Promise<unknown>, answer: string, message: string | RegExp): Promise<void> {
  const told = await call().then(() => ({ answer: 'ok', message: '' }), toldOf);
  expect(told.answer).toBe(answer);
  if (typeof message === 'string') expect(told.message).toBe(message);
  else expect(told.message).toMatch(message);
}

const start =
  (more: StartRequest): Row[1] =>
  () =>
    service.startActivityExecution(startRequest({ activityId: uniqueName('refused'), ...more }));
const retry = (retryPolicy: NonNullable<StartRequest['retryPolicy']>): Row[1] => start({ retryPolicy });

const starts: readonly Row[] = [
  ['no activity id', start({ activityId: '' }), 'activityId is not set'],
  ['a long activity id', start({ activityId: long }), tooLong('activityId')],
  ['no type', start({ activityType: { name: '' } }), 'activityType is not set'],
  ['a long type', start({ activityType: { name: long } }), tooLong('activityType')],
  ['no task queue', start({ taskQueue: { name: '' } }), /^(taskQueue is not set|missing task queue name)$/],
  ['no namespace', start({ namespace: '' }), /^Namespace (is empty|not set on request)\.$/],
  ['a long request id', start({ requestId: long }), tooLong('request ID')],
  ['a long identity', start({ identity: long }), tooLong('identity')],
  [
    'no timeout',
    start({ activityId: 'id', startToCloseTimeout: null }),
    'a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=id ActivityType=charge',
  ],
  ['a negative timeout', start({ scheduleToCloseTimeout: nanos(-1) }), /ScheduleToCloseTimeout/],
  ['a negative start delay', start({ startDelay: nanos(-1) }), /^invalid StartDelay/],
  [
    'a backoff that shrinks',
    retry({ backoffCoefficient: 0.5 }),
    'BackoffCoefficient cannot be less than 1 on retry policy.',
  ],
  [
    'a maximum below the first interval',
    retry({ initialInterval: nanos(2e6), maximumInterval: nanos(1e6) }),
    'MaximumInterval cannot be less than InitialInterval on retry policy.',
  ],
  ['negative attempts', retry({ maximumAttempts: -1 }), 'MaximumAttempts cannot be negative on retry policy.'],
  ['a negative interval', retry({ initialInterval: nanos(-1) }), /^invalid InitialInterval set on retry policy/],
  [
    'a timeout type that there is not',
    retry({ nonRetryableErrorTypes: ['TemporalTimeout:Foo'] }),
    /^Invalid timeout type value: Foo\.?$/,
  ],
  ['a negative priority', start({ priority: { priorityKey: -1 } }), /priority key can't be negative/],
  ['a long fairness key', start({ priority: { fairnessKey: 'x'.repeat(65) } }), /fairness key length exceeds limit/],
  ['a negative weight', start({ priority: { fairnessWeight: -1 } }), /must be greater than zero/],
  ['an odd reuse policy', start({ idReusePolicy: 9 as never }), /^unsupported ID reuse policy: /],
  ['an odd conflict policy', start({ idConflictPolicy: 9 as never }), /^unsupported ID conflict policy: /],
  ['a large input', start({ input: { payloads: [{ data: Buffer.from(huge) }] } }), 'input exceeds length limit'],
  [
    'a long summary',
    start({ userMetadata: { summary: { data: Buffer.alloc(401) } } }),
    /^user_metadata\.summary exceeds size limit\. Length=\d+ Limit=400$/,
  ],
  [
    'a search attribute that nobody registered',
    start({ searchAttributes: { indexedFields: { Colour: { data: Buffer.from('"red"') } } } }),
    `Namespace ${namespace} has no mapping defined for search attribute Colour`,
  ],
];

test.each(starts)('a start with %s is refused', async (_, call, message) => {
  await expectRefused(call, 'invalid-argument', message);
});

interface Named {
  readonly namespace: string;
  readonly activityId: string;
  readonly runId?: string;
}
const byName: readonly (readonly [name: string, call: (name: Named) => Promise<unknown>])[] = [
  ['describe', (name) => service.describeActivityExecution(name)],
  ['poll', (name) => service.pollActivityExecution(name)],
  ['cancel', (name) => service.requestCancelActivityExecution(name)],
  ['terminate', (name) => service.terminateActivityExecution(name)],
  ['delete', (name) => service.deleteActivityExecution(name)],
  ['pause', (name) => service.pauseActivityExecution(name)],
  ['unpause', (name) => service.unpauseActivityExecution(name)],
  ['reset', (name) => service.resetActivityExecution(name)],
];

describe.each(byName)('who wants to %s', (_, call) => {
  test('must say what', () =>
    expectRefused(() => call({ namespace, activityId: '' }), 'invalid-argument', 'activity ID is required'));

  test('by an id that is one', () =>
    expectRefused(() => call({ namespace, activityId: long }), 'invalid-argument', tooLong('activity ID')));

  test('and by a run id that is one', () =>
    expectRefused(
      () => call({ ...named, runId: 'run-1' }),
      'invalid-argument',
      'invalid run id: must be a valid UUID',
    ));

  test('of a run that there is', () =>
    expectRefused(() => call({ ...named, runId: otherRun }), 'not-found', `activity not found for ID: ${activityId}`));
});

const orders: readonly Row[] = [
  [
    'a long reason to cancel',
    () => service.requestCancelActivityExecution({ ...named, reason: huge }),
    'reason exceeds length limit',
  ],
  [
    'a long reason to terminate',
    () => service.terminateActivityExecution({ ...named, reason: huge }),
    'reason exceeds length limit',
  ],
  [
    'a long reason to pause',
    () => service.pauseActivityExecution({ ...named, reason: huge }),
    'reason exceeds length limit',
  ],
  [
    'a change of what cannot be changed',
    () => service.updateActivityExecutionOptions({ ...named, activityOptions: {}, updateMask: { paths: ['input'] } }),
    'unsupported update_mask path: "input"',
  ],
  [
    'a change and its undoing',
    () =>
      service.updateActivityExecutionOptions({
        ...named,
        activityOptions: { startToCloseTimeout: nanos(1e8) },
        updateMask: { paths: ['start_to_close_timeout'] },
        restoreOriginal: true,
      }),
    'Both UpdateMask and RestoreOriginal are provided',
  ],
  [
    'a long poll of no run',
    () => service.describeActivityExecution({ ...named, longPollToken: Buffer.from('x') }),
    'run id is required when long poll token is provided',
  ],
];

test.each(orders)('%s is refused', async (_, call, message) => {
  await expectRefused(call, 'invalid-argument', message);
});

interface ByToken {
  readonly taskToken: Uint8Array;
  readonly namespace?: string;
  readonly identity?: string;
}
const byToken: readonly (readonly [name: string, call: (by: ByToken) => Promise<unknown>])[] = [
  ['completes', (by) => service.respondActivityTaskCompleted(by)],
  ['fails', (by) => service.respondActivityTaskFailed(by)],
  ['reports canceled', (by) => service.respondActivityTaskCanceled(by)],
  ['heartbeats', (by) => service.recordActivityTaskHeartbeat(by)],
];

describe.each(byToken)('who %s', (name, call) => {
  test('must have a token', () =>
    expectRefused(
      () => call({ namespace, taskToken: new Uint8Array() }),
      'invalid-argument',
      'Task token not set on request.',
    ));

  test('that is one', () =>
    expectRefused(
      () => call({ namespace, taskToken: Buffer.from('no token') }),
      'invalid-argument',
      'Error deserializing task token.',
    ));

  test('of the namespace it names', () =>
    expectRefused(
      () => call({ namespace: 'elsewhere', taskToken }),
      'invalid-argument',
      'Operation requested with a token from a different namespace.',
    ));

  // Not said of heartbeats.
  if (name !== 'heartbeats') {
    test('and a short identity', () =>
      expectRefused(
        () => call({ namespace, taskToken, identity: long }),
        'invalid-argument',
        'Identity length exceeds limit.',
      ));
  }
});

test('who fails an attempt by token must say how its own code failed', () =>
  expectRefused(
    () => service.respondActivityTaskFailed({ namespace, taskToken, failure: { message: 'x', serverFailureInfo: {} } }),
    'invalid-argument',
    'Failure must have ApplicationFailureInfo.',
  ));

const byId: readonly (readonly [name: string, call: (by: Named) => Promise<unknown>])[] = [
  ['completes', (by) => service.respondActivityTaskCompletedById(by)],
  ['fails', (by) => service.respondActivityTaskFailedById(by)],
  ['reports canceled', (by) => service.respondActivityTaskCanceledById(by)],
  ['heartbeats', (by) => service.recordActivityTaskHeartbeatById(by)],
];

test.each(byId)('who %s by id must say which', async (_, call) => {
  await expectRefused(
    () => call({ namespace, activityId: '' }),
    'invalid-argument',
    'ActivityId is not set on request.',
  );
});

describe('who polls for a task', () => {
  test('must have time to wait', () =>
    expectRefused(
      () => client.within(1500).pollActivityTaskQueue({ namespace, taskQueue }),
      'failed-precondition',
      'Context timeout is too short.',
    ));

  test('is told in time that there is none', async () => {
    const { taskToken: none } = await client.within(6000).pollActivityTaskQueue({ namespace, taskQueue });
    expect(none).toHaveLength(0);
  });
});
