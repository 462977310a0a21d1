import { generateKeyPairSync } from 'node:crypto';
import type { ServiceLog } from '@ratchet/service-kit';
import type { CompletionEvent } from '@ratchet/domain';
import type { InputRecord, TraceHeader } from '@ratchet/kafka';
import { Metadata } from '@grpc/grpc-js';
import { SignJWT } from 'jose';
import { createAuthenticator } from '../auth/index.ts';
import { readCloudEvent } from '../events/cloud-event.ts';
import { CompletionHandler } from '../events/completion-handler.ts';
import { everyone, type Caller, type FrontDoor } from '../front-door/index.ts';
import { clientOf } from '../grpc/call-context.ts';
import { methodsOf, type FieldInfo, type MessageType } from '../grpc/wire/proto.ts';
import { httpClient, type CallHttp } from '../http/http-client.fixture.ts';
import { openHttpDoor, type HttpDoor } from '../http/http-door.ts';
import { limitsFor } from '../limits/limits.fixture.ts';
import { checkDeliveryHeaders } from '../webhooks/verify-delivery.ts';
import { fields, type FieldName } from './fields.ts';

// The table of fields, walked: what is not as a row says is kept out by the door that it comes to. `request-fields.spec.ts`
// of gRPC walks the rows of requests by the definitions of their messages; here are the other doors.

let asked: Caller[] = [];
const ask = (caller: Caller): Promise<never> => {
  asked.push(caller);
  return Promise.resolve({ runId: 'run-1', started: true } as never);
};
const frontDoor = {
  activities: Object.fromEntries(
    ['start', 'describe', 'awaitOutcome', 'requestCancel', 'terminate', 'pause', 'unpause', 'reset'].map((name) => [
      name,
      ask,
    ]),
  ),
  attempts: { complete: ask, fail: ask, heartbeat: ask, reportCanceled: ask },
  runs: { signal: ask },
} as unknown as FrontDoor;

let door: HttpDoor;
let call: CallHttp;
beforeAll(async () => {
  door = await openHttpDoor({
    settings: { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts: [], environment: 'development' },
    frontDoor,
    authenticator: createAuthenticator({ apiKeys: [] }),
    limits: limitsFor(),
    audit: { refused: () => undefined },
    callbacks: () => ({ callbackSecret: 'whsec_', callbackHosts: [{ host: '*' }] }),
    log: { warn: () => undefined } as unknown as ServiceLog,
  });
  call = httpClient(door.url);
});
afterAll(() => door.close());
beforeEach(() => {
  asked = [];
});

interface Schema {
  readonly $ref?: string;
  readonly type?: string;
  readonly enum?: unknown;
  readonly const?: unknown;
  readonly format?: string;
  readonly maxLength?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
}
interface Operation {
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
}
interface Api {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> };
}

type Step = string | number;
interface Place {
  readonly path: readonly Step[];
  readonly schema: Schema;
}

/** All within a schema that has a length of its own: texts, lists, maps. */
function* placesIn(api: Pick<Api, 'components'>, given: Schema, path: readonly Step[] = []): Generator<Place> {
  const schema = api.components.schemas[given.$ref?.split('/').at(-1) ?? ''] ?? given;
  if (schema.type === 'string' || schema.type === 'array' || isMap(schema)) yield { path, schema };
  for (const [step, within] of partsOf(schema)) {
    yield* placesIn(api, within, step === undefined ? path : [...path, step]);
  }
}

const isMap = ({ additionalProperties: values }: Schema): boolean =>
  typeof values === 'object' && Object.keys(values).length > 0;

/** Each with the step to it; none where it is the same place. */
const partsOf = (schema: Schema): readonly (readonly [Step | undefined, Schema])[] => [
  ...alternatives(schema).map((one) => [undefined, one] as const),
  ...Object.entries(schema.properties ?? {}),
  ...(schema.items === undefined ? [] : [[0, schema.items] as const]),
  ...(isMap(schema) ? [['key', schema.additionalProperties as Schema] as const] : []),
];

const alternatives = ({ anyOf = [], oneOf = [], allOf = [] }: Schema): readonly Schema[] => [
  ...anyOf,
  ...oneOf,
  ...allOf,
];

const isBounded = ({ type, enum: words, const: word, format, maxLength, maxItems, maxProperties }: Schema): boolean => {
  if (type === 'string')
    return [words, word, maxLength].some((bound) => bound !== undefined) || format === 'uuid' || format === 'byte';
  return (type === 'array' ? maxItems : maxProperties) !== undefined;
};

function wrongValue({ type, enum: words, format, maxLength = 0, maxItems = 0, maxProperties = 0 }: Schema): unknown {
  if (type === 'array') return Array.from({ length: maxItems + 1 }, () => ({}));
  if (type === 'object')
    return Object.fromEntries(Array.from({ length: maxProperties + 1 }, (_, index) => [index, {}]));
  if (words !== undefined) return 'none of them';
  return format === 'byte' ? 'AAA!' : 'x'.repeat(maxLength + 1);
}

function withValue(within: unknown, [step, ...rest]: readonly Step[], value: unknown): unknown {
  if (step === undefined) return value;
  if (typeof step === 'number') return [withValue(undefined, rest, value)];
  const object = (within ?? {}) as Readonly<Record<string, unknown>>;
  return { ...object, [step]: withValue(object[step], rest, value) };
}

const start = { activityType: 'charge', taskQueue: 'payments', timeouts: { startToClose: '30s' } };
const bodyFor = (path: string): object =>
  path.endsWith('/activities') ? start : path.includes('activity-tasks') ? { taskToken: 'AAAA' } : {};
const address = (path: string): string => path.replace('{namespace}', 'default').replaceAll(/\{\w+\}/g, 'x');

const bodies = (api: Api): readonly (readonly [path: string, body: Schema])[] =>
  Object.entries(api.paths).flatMap(([path, { post }]) => {
    const body = post?.requestBody?.content['application/json']?.schema;
    return body === undefined || path.startsWith('/webhooks') ? [] : [[path, body] as const];
  });

/** Nothing when it is refused and nobody is asked; else what came of it. */
async function takenAt(path: string, body: unknown): Promise<string | undefined> {
  asked = [];
  const { status } = await call('POST', address(path), body);
  return status >= 400 && status < 500 && asked.length === 0 ? undefined : String(status);
}

test('by HTTP every field of a body has a length, and what is longer is refused', async () => {
  const api = (await call('GET', '/openapi.json')).body as unknown as Api;
  const taken: string[] = [];
  let placeCount = 0;
  for (const [path, body] of bodies(api)) {
    if ((await takenAt(path, bodyFor(path))) !== '200') taken.push(`${path} takes nothing`);
    for (const { path: place, schema } of placesIn(api, body)) {
      placeCount++;
      const status = await takenAt(path, withValue(bodyFor(path), place, wrongValue(schema)));
      if (status !== undefined) taken.push(`${path} ${place.join('/')}: ${status}`);
      if (!isBounded(schema)) taken.push(`${path} ${place.join('/')} has no length: ${JSON.stringify(schema)}`);
    }
  }
  expect(taken).toEqual([]);
  expect(placeCount).toBeGreaterThan(100);
}, 60_000);

test.each(['!', 'A', '='])('by HTTP megabytes that are nearly base64 are refused: %s', async (end) => {
  const data = `${'A'.repeat(5 * 1024 * 1024)}${end}`;
  const answered = await call('POST', address('/api/v1/namespaces/{namespace}/activities'), {
    ...start,
    argsPayloads: [{ data }],
  });
  expect(answered).toMatchObject({ status: 400, body: { errors: [{ pointer: '/argsPayloads/0/data' }] } });
});

test('by HTTP every parameter has a length, and what is longer is refused', async () => {
  const api = (await call('GET', '/openapi.json')).body as unknown as Api;
  const taken: string[] = [];
  for (const [path, operations] of Object.entries(api.paths)) {
    for (const [method, { parameters }] of Object.entries(operations)) {
      for (const { name, in: where } of parameters) {
        if (path.startsWith('/webhooks') || where === 'header') continue;
        const long = 'x'.repeat(1001);
        const target = where === 'path' ? address(path.replace(`{${name}}`, long)) : `${address(path)}?${name}=${long}`;
        const verb = method === 'get' ? 'GET' : 'POST';
        const { status } = await call(verb, target, verb === 'GET' ? undefined : bodyFor(path));
        if (status < 400 || status > 499 || asked.length > 0)
          taken.push(`${method} ${path} ${name}: ${String(status)}`);
        asked = [];
      }
    }
  }
  expect(taken).toEqual([]);
});

test('by HTTP every header that is described has a row', async () => {
  const api = (await call('GET', '/openapi.json')).body as unknown as Api;
  const headers = Object.values(api.paths)
    .flatMap((operations) => Object.values(operations))
    .flatMap(({ parameters }) => parameters.filter((parameter) => parameter.in === 'header'))
    .map(({ name }) => name.toLowerCase());
  expect(headers).toContain('webhook-id');
  expect(headers.filter((name) => !Object.hasOwn(fields, name))).toEqual([]);
});

const { privateKey, publicKey } = generateKeyPairSync('ed25519');
const spki = publicKey.export({ type: 'spki', format: 'pem' }) as string;
const tokens = createAuthenticator({
  apiKeys: [],
  jwt: { issuer: 'https://id', audience: 'ratchet', keys: { publicKey: spki }, permissionsClaim: 'permissions' },
});
/** Who a token with these claims lets in, and whether it may read; nothing when it is refused. */
async function letIn(
  claims: Readonly<Record<string, unknown>>,
): Promise<readonly [name: string, may: boolean] | undefined> {
  const signed = new SignJWT({ iss: 'https://id', aud: 'ratchet', ...claims }).setProtectedHeader({ alg: 'EdDSA' });
  const token = await signed.setExpirationTime('1h').sign(privateKey);
  const principal = await tokens.authenticate(`Bearer ${token}`).catch(() => undefined);
  return principal === undefined ? undefined : [principal.name, principal.may('reader', 'orders')];
}

const isRefused = (refuse: () => unknown): boolean => {
  try {
    refuse();
  } catch {
    return true;
  }
  return false;
};

const event: CompletionEvent = {
  eventId: 'e',
  source: 's',
  taskToken: Buffer.of(1),
  body: { type: 'Completed', result: [] },
};
const handler = new CompletionHandler({ codec: {} as never, attempts: frontDoor.attempts });
const isPoisonous = (change: Partial<CompletionEvent>): Promise<boolean> =>
  handler.carryOut({ ...event, ...change }, undefined).then(
    () => false,
    () => true,
  );

function cloudEvent(change: Readonly<Record<string, string>>): InputRecord {
  const attributes = {
    ce_specversion: '1.0',
    ce_id: 'e',
    ce_source: '/s',
    ce_type: 'ratchet.activity.completed',
    ...change,
  };
  const headers = Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, Buffer.from(value)]));
  return { topic: 't', partition: 0, offset: 0, key: 'k', value: null, headers, timestampMs: 0 };
}
const ids = { ce_namespace: 'orders', ce_activityid: 'charge-1' };

const delivery = () => ({
  'webhook-id': 'msg_1',
  'webhook-timestamp': String(Math.floor(Date.now() / 1000)),
  'webhook-signature': `v1,${'A'.repeat(43)}=`,
});

const long = (name: FieldName): string => 'x'.repeat(fields[name].bytesMax + 1);
const isKeptOutByHttp = async (headers: Readonly<Record<string, string>>, body: object = {}): Promise<boolean> => {
  asked = [];
  const { status } = await call('POST', '/api/v1/namespaces/default/activities', { ...start, ...body }, headers);
  return status === 400 && asked.length === 0;
};
const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const travelsNot = async (header: TraceHeader, value: string): Promise<boolean> => {
  asked = [];
  await call('POST', '/api/v1/namespaces/default/activities', start, { traceparent, [header]: value });
  return asked[0] !== undefined && asked[0].trace?.[header] === undefined;
};

/** Rows of what is no field of gRPC's requests: whether each wrong value is kept out. */
const isNoClient = (headers: Readonly<Record<string, string>>): boolean => {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return clientOf({ metadata }) === undefined;
};

const elsewhere: Readonly<Partial<Record<FieldName, () => readonly (boolean | Promise<boolean>)[]>>> = {
  authorization: () =>
    ['Basic abc', 'Bearer', `Bearer ${long('authorization')}`].map((given) =>
      tokens.authenticate(given).then(
        () => false,
        () => true,
      ),
    ),
  traceparent: () =>
    [
      long('traceparent'),
      'x'.repeat(8_000),
      '00-0-0-0',
      `00-${'0'.repeat(32)}-${'0'.repeat(16)}-0x`,
      `00-${'0'.repeat(32)}-b7ad6b7169203331-01`,
    ].map((value) => travelsNot('traceparent', value)),
  tracestate: () =>
    [
      `a=${long('tracestate')}`,
      'a',
      'a=1,a 2',
      'A=1',
      Array.from({ length: 33 }, (_, i) => `k${String(i)}=1`).join(),
    ].map((value) => travelsNot('tracestate', value)),
  baggage: () =>
    [`a=${long('baggage')}`, 'a', 'a=1 2', 'a b=1', Array.from({ length: 65 }, (_, i) => `k${String(i)}=1`).join()].map(
      (value) => travelsNot('baggage', value),
    ),
  'idempotency-key': () => [isKeptOutByHttp({ 'idempotency-key': long('idempotency-key') })],
  'client-name': () => [isNoClient({ 'client-name': long('client-name') })],
  'client-version': () => [isNoClient({ 'client-version': long('client-version') })],
  'webhook-id': () =>
    ['', long('webhook-id')].map((id) =>
      isRefused(() => {
        checkDeliveryHeaders({ ...delivery(), 'webhook-id': id });
      }),
    ),
  'webhook-timestamp': () =>
    ['', 'now', '1e9', long('webhook-timestamp')].map((at) =>
      isRefused(() => {
        checkDeliveryHeaders({ ...delivery(), 'webhook-timestamp': at });
      }),
    ),
  'webhook-signature': () =>
    ['', 'v1', 'v1,AAAA', `v1a,${'A'.repeat(88)}`, long('webhook-signature')].map((signature) =>
      isRefused(() => {
        checkDeliveryHeaders({ ...delivery(), 'webhook-signature': signature });
      }),
    ),
  sub: () => ['', long('sub'), { admin: true }, ['a'], 7].map(async (sub) => (await letIn({ sub })) === undefined),
  permissions: () =>
    [
      [`${long('permissions')}:admin`],
      Array.from({ length: 1001 }, () => 'orders:reader'),
      { 0: 'orders:reader' },
      'orders:reader',
      [{ toString: 'orders:reader' }],
    ].map(async (permissions) => (await letIn({ sub: 'me', permissions }))?.[1] !== true),
  'ce-id': () => [
    isPoisonous({ eventId: long('ce-id') }),
    isRefused(() => readCloudEvent(cloudEvent({ ...ids, ce_id: long('ce-id') }))),
  ],
  'ce-source': () => [
    isPoisonous({ source: long('ce-source') }),
    isRefused(() => readCloudEvent(cloudEvent({ ...ids, ce_source: long('ce-source') }))),
  ],
  'ce-tasktoken': () => [
    isPoisonous({ taskToken: Buffer.alloc(fields.taskToken.bytesMax + 1) }),
    isRefused(() => readCloudEvent(cloudEvent({ ce_tasktoken: long('ce-tasktoken') }))),
  ],
  'ce-namespace': () => [isRefused(() => readCloudEvent(cloudEvent({ ...ids, ce_namespace: long('ce-namespace') })))],
  'ce-activityid': () => [
    isRefused(() => readCloudEvent(cloudEvent({ ...ids, ce_activityid: long('ce-activityid') }))),
  ],
  'ce-workflowid': () => [
    isRefused(() => readCloudEvent(cloudEvent({ ...ids, ce_workflowid: long('ce-workflowid') }))),
  ],
  'ce-runid': () => [isRefused(() => readCloudEvent(cloudEvent({ ...ids, ce_runid: long('ce-runid') })))],
  callbackUrls: () => [
    isKeptOutByHttp({}, { callbackUrls: [`https://example.com/${long('callbackUrls')}`] }),
    isKeptOutByHttp({}, { callbackUrls: Array.from({ length: 11 }, () => 'https://example.com') }),
  ],
  duration: () => [isKeptOutByHttp({}, { startDelay: long('duration') })],
};

test.each(Object.keys(elsewhere) as readonly FieldName[])('%s that is wrong is kept out', async (name) => {
  const keptOut: boolean[] = [];
  for (const is of elsewhere[name]?.() ?? []) keptOut.push(await is);
  expect(keptOut.filter((is) => is)).toHaveLength(keptOut.length);
  expect(keptOut.length).toBeGreaterThan(0);
});

test('what is right is let in', async () => {
  expect(await letIn({ sub: 'x'.repeat(255), permissions: ['orders:reader'] })).toEqual(['x'.repeat(255), true]);
  expect(await letIn({ permissions: [] })).toEqual(['https://id', false]);
  expect(
    isRefused(() => {
      checkDeliveryHeaders(delivery());
    }),
  ).toBe(false);
  expect(isRefused(() => readCloudEvent(cloudEvent(ids)))).toBe(false);
  expect(await isPoisonous({})).toBe(false);
  expect(everyone.provedBy).toBe('nothing');
});

/** The rows that fields of gRPC's requests have. */
function* rowsOf(type: MessageType, isRequest = true, seen = new Set<MessageType>()): Generator<string> {
  if (seen.has(type)) return;
  seen.add(type);
  for (const field of type.fieldsArray) {
    const { name, resolvedType }: FieldInfo = field.resolve();
    yield isRequest ? name : `${type.name}.${name}`;
    if (resolvedType?.fieldsArray !== undefined) yield* rowsOf(resolvedType, false, seen);
  }
}

test('every row of the table is walked', () => {
  const walked = new Set<string>(['text', 'list', ...Object.keys(elsewhere)]);
  for (const { resolvedRequestType } of methodsOf('temporal.api.workflowservice.v1.WorkflowService')) {
    if (resolvedRequestType !== null) for (const row of rowsOf(resolvedRequestType)) walked.add(row);
  }
  expect(Object.keys(fields).filter((row) => !walked.has(row))).toEqual([]);
});
