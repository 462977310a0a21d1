import { blobBytesMax, payloadsBytes, type Namespace, type Payloads } from '@ratchet/domain';
import { OperationalError } from '@ratchet/kafka';
import { createTokenSigner, type CommandDraft, type CommandReply, type RequestChannel } from '@ratchet/protocol';
import { limitsFor } from '../limits/limits.fixture.ts';
import { NamespaceDirectory } from './namespace-directory.ts';
import { createFrontDoor, everyone, FrontDoorError, type Caller, type FrontDoor, type Principal } from './index.ts';

interface Stage {
  readonly door: FrontDoor;
  readonly sent: CommandDraft[];
  /** What the log says to the next command; an error: nothing comes back. */
  answer: CommandReply['body'] | Error;
  /** The versions that an activity is seen at, one after the other; the last one stays. */
  described?: number[];
}

const signer = createTokenSigner('the secret of this test');
const acknowledged: CommandReply['body'] = { type: 'Accepted', answer: { type: 'Acknowledged' } };

async function stage(): Promise<Stage> {
  const directory = new NamespaceDirectory(() => Promise.resolve());
  await directory.ensureDefault();
  const sent: CommandDraft[] = [];
  const all: Stage = { door: undefined as never, sent, answer: acknowledged };
  const request = (command: CommandDraft): Promise<CommandReply> => {
    sent.push(command);
    const { answer } = all;
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ address: 'here', requestId: command.requestId, offset: 1, body: answer });
  };
  const describe = (): Promise<object> => {
    const { described = [] } = all;
    const description = { version: described.length > 1 ? described.shift() : described[0] };
    return Promise.resolve({ body: { type: 'Described', description } });
  };
  const channel = { request, requestApart: request, requestStart: request, describe } as unknown as RequestChannel;
  const { polls } = limitsFor();
  const dispatch = { take: () => Promise.resolve(undefined), endPolls: () => undefined };
  return Object.assign(all, { door: createFrontDoor({ channel, tokens: signer, directory, dispatch, polls }) });
}

const caller: Caller = { namespace: 'default', identity: 'test', principal: everyone };
const reader: Principal = { name: 'reader', provedBy: 'api-key', may: (role) => role === 'reader' };
const id = { namespace: 'default', workflowId: '', runId: '', activityId: 'charge' };
const token = signer.sign({ id, scheduleOffset: 1, attempt: 2, stamp: 3 });
const payloads = (byteCount: number): Payloads => [{ metadata: {}, data: new Uint8Array(byteCount) }];

const refusedBy = async (call: () => unknown): Promise<Partial<FrontDoorError>> => {
  try {
    await call();
  } catch (error) {
    if (error instanceof FrontDoorError) return { status: error.status, message: error.message };
    throw error;
  }
  throw new Error('Expected the call to be refused, but it was not');
};

const start = {
  activityId: 'charge',
  activityType: 'charge',
  requestId: '',
  options: { taskQueue: 'payments', startToCloseTimeoutMs: 1000 },
  input: [],
  header: {},
  idReusePolicy: 'allow-duplicate',
  idConflictPolicy: 'fail',
} as const;

test.each<{ what: string; call: (door: FrontDoor) => unknown; error: Partial<FrontDoorError> }>([
  {
    what: 'without a namespace',
    call: ({ activities }) => activities.start({ ...caller, namespace: '' }, start),
    error: { status: 'INVALID_ARGUMENT', message: 'Namespace is empty.' },
  },
  {
    what: 'in an unknown namespace',
    call: ({ activities }) => activities.start({ ...caller, namespace: 'nowhere' }, start),
    error: { status: 'NOT_FOUND', message: 'Namespace nowhere is not found.' },
  },
  {
    what: 'of who may only read',
    call: ({ activities }) => activities.start({ ...caller, principal: reader }, start),
    error: { status: 'PERMISSION_DENIED' },
  },
  {
    what: 'of who may not even know whether a namespace is there',
    call: ({ activities }) => activities.start({ ...caller, namespace: 'nowhere', principal: reader }, start),
    error: { status: 'PERMISSION_DENIED' },
  },
  {
    what: 'without an activity id',
    call: ({ activities }) => activities.start(caller, { ...start, activityId: '' }),
    error: { status: 'INVALID_ARGUMENT', message: 'activityId is not set' },
  },
  {
    what: 'with an input that is too large',
    call: ({ activities }) => activities.start(caller, { ...start, input: payloads(blobBytesMax + 1) }),
    error: { status: 'INVALID_ARGUMENT', message: 'input exceeds length limit' },
  },
  {
    what: 'with a run id that is none',
    call: ({ activities }) => activities.describe(caller, { activityId: 'charge', runId: 'seven' }),
    error: { status: 'INVALID_ARGUMENT', message: 'invalid run id: must be a valid UUID' },
  },
  {
    what: 'by ids without an activity id',
    call: ({ attempts }) => attempts.complete(caller, { workflowId: '', runId: '', activityId: '' }, []),
    error: { status: 'INVALID_ARGUMENT', message: 'ActivityId is not set on request.' },
  },
  {
    what: 'by a token of another namespace',
    call: ({ attempts }) => attempts.complete({ ...caller, namespace: 'other' }, { taskToken: token }, []),
    error: {
      status: 'INVALID_ARGUMENT',
      message: 'Operation requested with a token from a different namespace.',
    },
  },
  {
    what: 'by a token that nobody signed',
    call: ({ attempts }) => attempts.complete(caller, { taskToken: token.with(-1 + token.length, 0) }, []),
    error: { status: 'INVALID_ARGUMENT' },
  },
  {
    what: 'with a failure of another kind, by a token',
    call: ({ attempts }) =>
      attempts.fail(
        caller,
        { taskToken: token },
        { failure: { message: '', source: '', stackTrace: '', info: { type: 'none' } } },
      ),
    error: { status: 'INVALID_ARGUMENT', message: 'Failure must have ApplicationFailureInfo.' },
  },
  {
    what: 'with an identity that is too long',
    call: ({ attempts }) => attempts.complete({ ...caller, identity: 'x'.repeat(1001) }, { taskToken: token }, []),
    error: { status: 'INVALID_ARGUMENT', message: 'Identity length exceeds limit.' },
  },
  {
    what: 'for tasks of a queue without a name',
    call: ({ tasks }) => tasks.poll(caller, { taskQueue: '', workerInstanceKey: '' }, new AbortController().signal),
    error: { status: 'INVALID_ARGUMENT', message: 'taskQueue is not set' },
  },
])('a call $what is refused before anything is written', async ({ call, error }) => {
  const { door, sent } = await stage();
  expect(await refusedBy(() => call(door))).toMatchObject(error);
  expect(sent).toEqual([]);
});

test('what was proved of who calls is recorded beside what they say of themselves', async () => {
  const { door, sent } = await stage();
  const billing: Principal = { name: 'billing', provedBy: 'api-key', may: () => true };
  const calls = { ...caller, identity: 'admin@trusted-host', principal: billing };
  await door.attempts.complete(calls, { taskToken: token }, []);
  await door.attempts.complete({ ...calls, principal: everyone }, { taskToken: token }, []);
  const long: Principal = { ...billing, name: `${'x'.repeat(254)}\u{1f600}` };
  await door.attempts.complete({ ...calls, principal: long }, { taskToken: token }, []);
  expect(sent).toMatchObject([
    { type: 'Complete', identity: 'admin@trusted-host', principal: 'api-key:billing' },
    { type: 'Complete', identity: 'admin@trusted-host', principal: '' },
    { principal: `api-key:${'x'.repeat(254)}\ufffd` },
  ]);
});

test("a token's namespace stands for that of the request", async () => {
  const { door, sent } = await stage();
  await door.attempts.complete({ ...caller, namespace: '' }, { taskToken: token }, []);
  expect(sent).toMatchObject([
    { type: 'Complete', target: id, attempt: { by: 'token', scheduleOffset: 1, attempt: 2, stamp: 3 } },
  ]);
});

test('what the namespace keeps is stamped into a start', async () => {
  const all = await stage();
  all.answer = { type: 'Accepted', answer: { type: 'Scheduled', runId: 'run', started: true } };
  expect(await all.door.activities.start(caller, start)).toEqual({ runId: 'run', started: true });
  expect(all.sent).toMatchObject([{ type: 'Schedule', retentionMs: 24 * 60 * 60 * 1000, awaitOutcome: false }]);
});

test.each<{ given: CommandReply['body'] | Error; then: object }>([
  {
    given: { type: 'Refused', refusal: { reason: 'stale-attempt', message: 'activity not found for ID: charge' } },
    then: { status: 'NOT_FOUND', reason: 'stale-attempt', message: 'activity not found for ID: charge' },
  },
  {
    given: {
      type: 'Refused',
      refusal: { reason: 'already-started', message: 'busy', existing: { runId: 'run', startRequestId: 'r' } },
    },
    then: {
      status: 'ALREADY_EXISTS',
      detail: { type: 'activity-already-started', runId: 'run', startRequestId: 'r' },
    },
  },
  { given: new OperationalError('nobody answered', 'RKT1201', true), then: { status: 'UNAVAILABLE' } },
  { given: new OperationalError('too large', 'RKT1006', false), then: { status: 'INVALID_ARGUMENT' } },
])('what comes back from the log is told: $then.status', async ({ given, then }) => {
  const all = await stage();
  all.answer = given;
  await expect(all.door.attempts.complete(caller, { taskToken: token }, [])).rejects.toMatchObject(then);
});

describe('what is too large for a record goes as something that is as much too large', () => {
  const huge = payloads(blobBytesMax * 2);
  const size = (value: Payloads): number => payloadsBytes(value);

  test('a result, details', async () => {
    const all = await stage();
    await all.door.attempts.complete(caller, { taskToken: token }, huge);
    await all.door.attempts.reportCanceled(caller, { taskToken: token }, huge);
    const [complete, canceled] = all.sent;
    if (complete?.type !== 'Complete' || canceled?.type !== 'ReportCanceled') throw new Error('other commands');
    expect([size(complete.result), size(canceled.details)]).toEqual([blobBytesMax + 1, blobBytesMax + 1]);
  });

  test('a failure and its last heartbeat, of which its sender is told', async () => {
    const all = await stage();
    const info = { type: 'application', errorType: 'Big', nonRetryable: false, details: huge } as const;
    const failure = { message: 'm', source: '', stackTrace: '', info };
    const told = await all.door.attempts.fail(caller, { taskToken: token }, { failure, lastHeartbeatDetails: huge });
    expect(told.map(({ message }) => message)).toEqual([
      'Failure exceeds size limit.',
      'Heartbeat details exceed size limit.',
    ]);
    const [fail] = all.sent;
    if (fail?.type !== 'Fail') throw new Error('another command');
    expect(fail.lastHeartbeatDetails).toBeUndefined();
    expect(fail.failure).toMatchObject({ message: 'm', info: { type: 'application', errorType: 'Big', details: [] } });
    expect(fail.failure?.encodedAttributes?.data).toHaveLength(blobBytesMax + 1);
  });
});

describe('namespaces', () => {
  const wanted: Omit<Namespace, 'id' | 'registeredAt'> = {
    name: 'payments',
    description: '',
    retentionMs: 3_600_000 as Namespace['retentionMs'],
    limits: { requestsPerSecondMax: 0 },
  };

  test('are registered once, by who may, and listed to who may read them', async () => {
    const { door } = await stage();
    const registered = await door.namespaces.register(caller, wanted);
    expect(door.namespaces.describe({ ...caller, namespace: '' }, registered.id)).toEqual(registered);
    expect(await refusedBy(() => door.namespaces.register(caller, wanted))).toMatchObject({ status: 'ALREADY_EXISTS' });
    expect(await refusedBy(() => door.namespaces.register({ ...caller, principal: reader }, wanted))).toMatchObject({
      status: 'PERMISSION_DENIED',
    });
    expect(door.namespaces.list(caller).map(({ name }) => name)).toEqual(['default', 'payments']);
    const nobody: Principal = { name: 'nobody', provedBy: 'api-key', may: () => false };
    expect(door.namespaces.list({ ...caller, principal: nobody })).toEqual([]);
  });

  test('are not told of by their id to who may not see them', async () => {
    const { door } = await stage();
    const { id: theirs } = await door.namespaces.register(caller, wanted);
    const stranger: Principal = { name: 's', provedBy: 'api-key', may: (_, namespace) => namespace === 'default' };
    const told = (asked: string) =>
      refusedBy(() => door.namespaces.describe({ ...caller, namespace: '', principal: stranger }, asked));
    const unknown = await told('0189c0de-0000-4000-8000-000000000001');
    expect(await told(theirs)).toEqual({
      ...unknown,
      message: unknown.message?.replace('0189c0de-0000-4000-8000-000000000001', theirs),
    });
    expect(unknown).toMatchObject({ status: 'NOT_FOUND' });
  });

  test('can be changed, in what is given, by who may', async () => {
    const { door } = await stage();
    const registered = await door.namespaces.register(caller, { ...wanted, description: 'money' });
    const inPayments = { ...caller, namespace: 'payments' };
    await door.namespaces.update(inPayments, { limits: { requestsPerSecondMax: 7 } });
    await door.namespaces.update(inPayments, { retentionMs: 60_000 as Namespace['retentionMs'], limits: {} });
    expect(door.namespaces.describe(inPayments)).toEqual({
      ...registered,
      retentionMs: 60_000,
      limits: { requestsPerSecondMax: 7 },
    });
    expect(await refusedBy(() => door.namespaces.update({ ...inPayments, principal: reader }, {}))).toMatchObject({
      status: 'PERMISSION_DENIED',
    });
    expect(await refusedBy(() => door.namespaces.update({ ...caller, namespace: 'nowhere' }, {}))).toMatchObject({
      status: 'NOT_FOUND',
    });
    const wrong = { limits: { requestsPerSecondMax: -1 } };
    expect(await refusedBy(() => door.namespaces.update(inPayments, wrong))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'requestsPerSecondMax must be a whole number, 0 or more',
    });
  });

  test('have two changes at once both', async () => {
    const { door } = await stage();
    await Promise.all([
      door.namespaces.update(caller, { limits: { requestsPerSecondMax: 7 } }),
      door.namespaces.update(caller, { description: 'of everyone' }),
    ]);
    expect(door.namespaces.describe(caller)).toMatchObject({
      description: 'of everyone',
      limits: { requestsPerSecondMax: 7 },
    });
  });

  test('let their limit be changed when it is used up, that of the default one, too', async () => {
    const { door } = await stage();
    await door.namespaces.update(caller, { limits: { requestsPerSecondMax: 1 } });
    const call = () => door.attempts.complete(caller, { ...id, runId: '' }, []);
    await call();
    expect(await refusedBy(call)).toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
    await door.namespaces.update(caller, { limits: { requestsPerSecondMax: 0 } });
    for (let count = 0; count < 10; count++) await call();
  });

  test('are held to their requests per second', async () => {
    const all = await stage();
    await all.door.namespaces.register(caller, { ...wanted, limits: { requestsPerSecondMax: 3 } });
    const call = () => all.door.attempts.complete({ ...caller, namespace: 'payments' }, { ...id, runId: '' }, []);
    for (let count = 0; count < 3; count++) await call();
    expect(await refusedBy(call)).toMatchObject({ status: 'RESOURCE_EXHAUSTED' });
    await all.door.attempts.complete(caller, { taskToken: token }, []);
  });

  test('count a long poll once, however often it looks', async () => {
    const all = await stage();
    await all.door.namespaces.register(caller, { ...wanted, limits: { requestsPerSecondMax: 1 } });
    all.described = [7, 7, 8];
    const ref = { activityId: 'charge', runId: '0189c0de-0000-4000-8000-000000000001' };
    const { signal } = new AbortController();
    const changed = all.door.activities.describeChange({ ...caller, namespace: 'payments' }, ref, 7, signal);
    expect(await changed).toMatchObject({ activity: { version: 8 } });
  });

  test.each<{ what: string; change: Partial<typeof wanted>; message: string | RegExp }>([
    { what: 'without a name', change: { name: '' }, message: 'Namespace not set on request.' },
    { what: 'with a line break', change: { name: 'a\nb' }, message: /letters, digits/ },
    { what: 'that keeps nothing', change: { retentionMs: 0 as never }, message: /A valid retention period is not set/ },
    { what: 'without a limit', change: { limits: { requestsPerSecondMax: NaN } }, message: /requestsPerSecondMax/ },
  ])('$what are refused', async ({ change, message }) => {
    const { door } = await stage();
    await expect(door.namespaces.register(caller, { ...wanted, ...change })).rejects.toThrow(message);
  });
});
