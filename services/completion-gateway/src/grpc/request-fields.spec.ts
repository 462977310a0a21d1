import { createTokenSigner, type CommandDraft, type RequestChannel } from '@ratchet/protocol';
import { fields, type FieldRule, type ListRule } from '../fields/fields.ts';
import { createFrontDoor, everyone, FrontDoorError } from '../front-door/index.ts';
import { NamespaceDirectory } from '../front-door/namespace-directory.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { handlersOf } from './grpc-server.ts';
import type { CallContext } from './handler.ts';
import { methodsOf, type FieldInfo, type MessageType } from './wire/proto.ts';
import { readRequest } from './wire/request-fields.ts';

// Every field of every request that gRPC takes, by the definitions themselves: what is longer than the table of fields
// allows is refused before anything is written or waited for.

const signer = createTokenSigner('the secret of this test, long enough for anyone');
const id = { namespace: 'default', workflowId: '', runId: '', activityId: 'charge' };
const taskToken = signer.sign({ id, scheduleOffset: 1, attempt: 1, stamp: 1 });

/** What came through: commands, questions, polls, registrations. */
const through: string[] = [];
const come = (what: string): Promise<never> => {
  through.push(what);
  return Promise.reject(new FrontDoorError('UNAVAILABLE', 'this is a test'));
};
const request = ({ type }: CommandDraft): Promise<never> => come(type);
const channel = {
  request,
  requestApart: request,
  requestStart: request,
  describe: () => come('describe'),
  awaitOutcome: () => come('await'),
} as unknown as RequestChannel;
const directory = new NamespaceDirectory(() => Promise.resolve());
await directory.ensureDefault();
const frontDoor = createFrontDoor({
  channel,
  tokens: signer,
  directory: Object.assign(directory, { register: () => come('register') }),
  dispatch: { take: () => come('poll'), endPolls: () => through.push('shutdown') },
  polls: limitsFor().polls,
});

const call: CallContext = {
  principal: everyone,
  traced: { trace: undefined, traceBegunHere: true },
  client: () => undefined,
  timeoutMs: 10_000,
  patience: () => new AbortController().signal,
};
const handlers = handlersOf(frontDoor) as Readonly<
  Partial<Record<string, (request: object, call: CallContext) => unknown>>
>;

type Request = Readonly<Record<string, unknown>>;
const named = { namespace: 'default', activityId: 'charge' };
const byToken = { namespace: 'default', taskToken };
/** By method, a request that comes through; `undefined` where nothing has to. */
const requests: Readonly<Partial<Record<string, Request>>> = {
  StartActivityExecution: {
    ...named,
    activityType: { name: 'charge' },
    taskQueue: { name: 'payments' },
    startToCloseTimeout: { seconds: 10 },
  },
  DescribeActivityExecution: named,
  PollActivityExecution: named,
  RequestCancelActivityExecution: named,
  TerminateActivityExecution: named,
  DeleteActivityExecution: named,
  PauseActivityExecution: named,
  UnpauseActivityExecution: named,
  ResetActivityExecution: named,
  UpdateActivityExecutionOptions: {
    ...named,
    activityOptions: { taskQueue: { name: 'refunds' } },
    updateMask: { paths: ['task_queue.name'] },
  },
  RecordActivityTaskHeartbeat: byToken,
  RecordActivityTaskHeartbeatById: named,
  RespondActivityTaskCompleted: byToken,
  RespondActivityTaskCompletedById: named,
  RespondActivityTaskFailed: byToken,
  RespondActivityTaskFailedById: named,
  RespondActivityTaskCanceled: byToken,
  RespondActivityTaskCanceledById: named,
  PollActivityTaskQueue: { namespace: 'default', taskQueue: { name: 'payments' } },
  ShutdownWorker: { namespace: 'default', workerInstanceKey: 'worker' },
  SignalWorkflowExecution: { namespace: 'default', workflowExecution: { workflowId: 'order' }, signalName: 'paid' },
  RegisterNamespace: { namespace: 'orders' },
};

const methods = methodsOf('temporal.api.workflowservice.v1.WorkflowService').flatMap(
  ({ name, resolvedRequestType }) => {
    const handler = handlers[name.charAt(0).toLowerCase() + name.slice(1)];
    return handler === undefined || resolvedRequestType === null ? [] : [{ name, type: resolvedRequestType, handler }];
  },
);
type Method = (typeof methods)[number];

/** What a request is answered with. */
async function answered({ type, handler }: Method, given: object): Promise<FrontDoorError | undefined> {
  through.length = 0;
  try {
    await handler(readRequest(type, type.encode(given).finish()), call);
  } catch (error) {
    if (error instanceof FrontDoorError) return error;
    throw error;
  }
  return undefined;
}

const table: Readonly<Record<string, FieldRule | ListRule>> = fields;

interface Place {
  /** From the request to the field. */
  readonly path: readonly FieldInfo[];
  readonly rule: FieldRule | ListRule;
}

/** The places of all texts, bytes, lists and maps within a message; those of a kind within its own kind once. */
function* placesIn(type: MessageType, above: readonly FieldInfo[] = [], seen = [type]): Generator<Place> {
  for (const field of type.fieldsArray) {
    const { name, resolvedType } = field.resolve();
    const path = [...above, field];
    const row = above.length === 0 ? name : `${type.name}.${name}`;
    if (isMany(field) || isText(field)) yield { path, rule: table[row] ?? (isMany(field) ? fields.list : fields.text) };
    const isMessage = resolvedType?.fieldsArray !== undefined;
    if (isMessage && !seen.includes(resolvedType)) yield* placesIn(resolvedType, path, [...seen, resolvedType]);
  }
}

const isMany = ({ repeated, map }: FieldInfo): boolean => repeated || map;
const isBytes = ({ type }: FieldInfo): boolean => type === 'bytes';
const isText = (field: FieldInfo): boolean => field.type === 'string' || isBytes(field);

/** `request` with `value` at the end of the path. */
function withValue(given: Request, [field, ...rest]: readonly FieldInfo[], value: unknown): Request {
  if (field === undefined) return given;
  const { name, map, repeated } = field;
  if (rest.length === 0) return { ...given, [name]: value };
  const within = withValue(map || repeated ? {} : ((given[name] ?? {}) as Request), rest, value);
  return { ...given, [name]: map ? { key: within } : repeated ? [within] : within };
}

const pathOf = (path: readonly FieldInfo[]): string => path.map(({ name }) => name).join('.');

const filled = (field: FieldInfo, length: number): unknown =>
  isBytes(field) ? Buffer.alloc(length) : 'x'.repeat(length);

/** A value, or as many of a list or entries of a map. */
function many(field: FieldInfo, item: unknown, count = 1): unknown {
  if (!isMany(field)) return item;
  const items = Array.from({ length: count }, (_, index) => [String(index), item] as const);
  return field.map ? Object.fromEntries(items) : items.map(([, value]) => value);
}

/** What is wrong in one place, each with its name. */
function* wrongValues({ path, rule }: Place): Generator<readonly [what: string, value: unknown]> {
  const field = path.at(-1);
  if (field === undefined) return;
  // A larger message is refused as such, and what it holds is bounded with it.
  const isBounded = isText(field) && rule.bytesMax < fields['Payload.data'].bytesMax;
  if (isBounded) yield ['is too long', many(field, filled(field, rule.bytesMax + 1))];
  const other = field.resolvedType === null ? 1 : {};
  const small = isText(field) ? filled(field, 1) : other;
  if ('countMax' in rule) yield ['has too many', many(field, small, rule.countMax + 1)];
  if (field.map) yield ['has a key that is too long', { ['x'.repeat(1001)]: small }];
}

test('each method has a request that comes through', async () => {
  for (const method of methods) {
    const given = requests[method.name];
    if (given === undefined) continue;
    const error = await answered(method, given);
    expect([method.name, error?.status, through.length]).toEqual([
      method.name,
      method.name === 'ShutdownWorker' ? undefined : 'UNAVAILABLE',
      1,
    ]);
  }
});

test.each(methods.map((method) => [method.name, method] as const))('%s refuses what is too long', async (_, method) => {
  const given = requests[method.name] ?? { namespace: 'default' };
  const taken: string[] = [];
  for (const place of placesIn(method.type)) {
    for (const [what, value] of wrongValues(place)) {
      const error = await answered(method, withValue(given, place.path, value));
      const isRefused = error?.status === 'INVALID_ARGUMENT' && through.length === 0;
      if (!isRefused) taken.push(`${pathOf(place.path)} ${what}: ${error?.message.slice(0, 80) ?? 'taken'}`);
    }
  }
  expect(taken).toEqual([]);
});

test('a message of too many fields is refused before it is built', async () => {
  const method = methods.find(({ name }) => name === 'StartActivityExecution');
  if (method === undefined) throw new Error('Expected a start, but there is none');
  const input = { payloads: Array.from({ length: 200_000 }, () => ({})) };
  const error = await answered(method, { ...requests['StartActivityExecution'], input });
  expect(error).toMatchObject({
    status: 'INVALID_ARGUMENT',
    message: expect.stringMatching('100000 fields') as string,
  });
});
