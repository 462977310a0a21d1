import { createHash } from 'node:crypto';
import {
  epochMillis,
  millis,
  type ClosedActivity,
  type CompletionEvent,
  type Failure,
  type Outcome,
  type Payloads,
} from '@ratchet/domain';
import type { InputRecord } from '@ratchet/kafka';
import { defaultPayloadConverter, encodingOf } from '@ratchet/protocol';
import { localCodec } from '@ratchet/schemas';
import { readConfig, type ServiceLog } from '@ratchet/service-kit';
import fc from 'fast-check';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { createAuthenticator } from './auth/index.ts';
import { callbackMessage } from './callbacks/callback-message.ts';
import { CompletionHandler } from './events/completion-handler.ts';
import type { FrontDoor } from './front-door/index.ts';
import { fromPayloads, toPayloads } from './grpc/wire/payloads.ts';
import { openHttpDoor, type HttpDoor } from './http/http-door.ts';
import { limitsFor } from './limits/limits.fixture.ts';
import { webhookSettings } from './webhooks/webhooks.settings.ts';

// Every value, through every door that takes one, and out of every door that shows one: the JSON that came is the JSON
// that goes, to the byte. In between stands what the log has: payloads.

const runId = '0189c0de-0000-4000-8000-000000000001';
const id = { namespace: 'default', workflowId: '', runId, activityId: 'charge' };
const secret = `whsec_${Buffer.from('the secret of these tests, no other').toString('base64')}`;
const { webhooks } = readConfig('completion-gateway', webhookSettings, {
  RATCHET_WEBHOOKS: JSON.stringify([
    {
      name: 'results',
      secrets: [secret],
      namespace: 'default',
      completes: { activityId: '/order', result: '/data/0/v~1~0' },
    },
    {
      name: 'signals',
      secrets: [secret],
      namespace: 'default',
      signals: { workflowId: '/order', signalName: '/order' },
    },
  ]),
}).config;

let taken: Payloads = [];
let outcome: Outcome;
const take = (payloads: Payloads): Promise<void> => {
  taken = payloads;
  return Promise.resolve();
};
/** What an activity was given, and what it said last. */
let given: Payloads = [];
const closed = (): ClosedActivity => ({
  id,
  activityType: 'a',
  scheduleOffset: 0,
  version: 1,
  requestIds: [],
  scheduledAt: epochMillis(0),
  retentionMs: millis(1),
  transitionCount: 1,
  options: {
    taskQueue: 'q',
    scheduleToCloseTimeoutMs: millis(0),
    scheduleToStartTimeoutMs: millis(0),
    startToCloseTimeoutMs: millis(1),
    heartbeatTimeoutMs: millis(0),
    startDelayMs: millis(0),
    retryPolicy: {
      initialIntervalMs: millis(1),
      backoffCoefficient: 1,
      intervalMsMax: millis(1),
      attemptsMax: 1,
      nonRetryableErrorTypes: [],
    },
    priorityKey: 0,
    fairnessKey: '',
    fairnessWeight: 0,
  },
  input: given,
  header: {},
  attempt: 1,
  heartbeat: { details: given, recordedAt: epochMillis(0), count: 1 },
  lastWorkerIdentity: '',
  status: 'completed',
  closedAt: epochMillis(0),
  expiresAt: epochMillis(1),
  closeRequestId: '',
  outcome,
});
const frontDoor = {
  activities: {
    start: (_: unknown, { input }: { readonly input: Payloads }) => take(input).then(() => ({ runId, started: true })),
    describe: () => Promise.resolve({ activity: closed(), stateBytes: 1 }),
    awaitOutcome: () => Promise.resolve({ runId, status: 'completed', outcome }),
  },
  attempts: {
    complete: (_: unknown, __: unknown, result: Payloads) => take(result),
    heartbeat: (_: unknown, __: unknown, details: Payloads) => take(details).then(() => ({})),
    reportCanceled: (_: unknown, __: unknown, details: Payloads) => take(details),
    fail: (
      _: unknown,
      __: unknown,
      { failure }: { readonly failure: { readonly info: { readonly details: Payloads } } },
    ) => take(failure.info.details).then(() => []),
  },
  runs: { signal: (_: unknown, { args }: { readonly args: Payloads }) => take(args) },
} as unknown as FrontDoor;

let door: HttpDoor;
beforeAll(async () => {
  door = await openHttpDoor({
    settings: { httpHost: '127.0.0.1', httpPort: 0, httpAllowedHosts: [], environment: 'development' },
    frontDoor,
    authenticator: createAuthenticator({ apiKeys: [] }),
    limits: limitsFor(),
    audit: { refused: () => undefined },
    webhooks: () => webhooks,
    log: { warn: () => undefined } as unknown as ServiceLog,
  });
});
afterAll(() => door.close());

const base = '/api/v1/namespaces/default/activities';

async function post(
  path: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<void> {
  const response = await fetch(`${door.url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
  if (response.status !== 200) throw new Error(await response.text());
}

async function deliver(name: string, body: string): Promise<void> {
  const at = new Date();
  const id = createHash('sha256').update(body).digest('hex');
  await post(`/webhooks/${name}`, body, {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new StandardWebhook(secret).sign(id, at, body),
  });
}

const codec = localCodec();
const handler = new CompletionHandler({ codec, attempts: frontDoor.attempts });

async function event(headers: Readonly<Record<string, string>>, value: Buffer): Promise<void> {
  const texts = Object.entries(headers).map(([name, text]) => [name, Buffer.from(text)] as const);
  const record: InputRecord = {
    topic: 't',
    partition: 0,
    offset: 0,
    key: null,
    value,
    headers: Object.fromEntries(texts),
    timestampMs: 0,
  };
  await handler.carryOut(await handler.read(record), undefined);
}

const plain = (json: string): Payloads => [
  { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(json) },
];
const avroEvent = (body: CompletionEvent['body']): Promise<void> =>
  event({}, codec.encodeCompletionEvent({ eventId: 'e', source: '/s', target: id, body }));
const attributes = { specversion: '1.0', id: 'e', source: '/s', type: 'ratchet.activity.completed', tasktoken: 'AQID' };
const inHeaders = (type = attributes.type): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries({ ...attributes, type }).map(([name, value]) => [`ce_${name}`, value]));

const failureOf = (details: Payloads): Failure => ({
  message: '',
  source: '',
  stackTrace: '',
  info: { type: 'application', errorType: '', nonRetryable: false, details },
});

/** Every door that takes a value: what it leaves is one payload of it, or an error. */
const ways: Readonly<Record<string, (json: string) => Promise<void>>> = {
  'a start by HTTP': (json) =>
    post(base, `{"activityType":"a","taskQueue":"q","args": [ ${json} ],"timeouts":{"startToClose":"1s"}}`),
  'a result by HTTP': (json) => post(`${base}/charge/complete`, `{"result":0 , "result" : ${json} }`),
  'a result behind a byte order mark': (json) => post(`${base}/charge/complete`, `\ufeff{"result":${json}}`),
  'details of a heartbeat': (json) => post(`${base}/charge/heartbeat`, `{"details":${json}}`),
  'details of a cancellation': (json) => post(`${base}/charge/report-canceled`, `{"details":\n${json}\n}`),
  'details of a failure': (json) => post(`${base}/charge/fail`, `{"failure":{"message":"{\\"","details":${json}}}`),
  'a signal by HTTP': (json) => post('/api/v1/namespaces/default/workflows/w/signals/s', `{"args":[${json}]}`),
  'a webhook': (json) => deliver('results', `{"order":7,"data":[{"v/~":${json}}]}`),
  'a binary event': (json) => event(inHeaders(), Buffer.from(json)),
  'a binary event with a byte order mark': (json) => event(inHeaders(), Buffer.from(`\ufeff${json}`)),
  'a failure in a binary event': (json) =>
    event(inHeaders('ratchet.activity.failed'), Buffer.from(`{"details":${json}}`)),
  'a structured event': (json) =>
    event(
      { 'content-type': 'application/cloudevents+json' },
      Buffer.from(`${JSON.stringify(attributes).slice(0, -1)},"data": ${json}}`),
    ),
  'an event in Avro': (json) => avroEvent({ type: 'Completed', result: plain(json) }),
  'a heartbeat in Avro': (json) => avroEvent({ type: 'Heartbeat', details: plain(json) }),
  'a cancellation in Avro': (json) => avroEvent({ type: 'Canceled', details: plain(json) }),
  'a failure in Avro': (json) => avroEvent({ type: 'Failed', failure: failureOf(plain(json)) }),
  gRPC: (json) => take(toPayloads({ payloads: [...plain(json)] })),
};

const told = async (path: string, accept = '*/*'): Promise<string> =>
  (await fetch(`${door.url}${base}/charge${path}`, { headers: { accept } })).text();
const success = (result: Payloads): Outcome => ({ type: 'success', result });
const failure = (details: Payloads): Outcome => ({
  type: 'failure',
  failure: failureOf(details),
  retryState: 'non-retryable-failure',
});
const givenAs = (payloads: Payloads): Outcome => {
  given = payloads;
  return success([]);
};
const calledBack = (): string =>
  callbackMessage({
    id,
    url: 'https://example.com',
    activityType: 'a',
    status: 'completed',
    outcome,
    closedAt: epochMillis(0),
    closedOffset: 1,
    failedCount: 0,
  }).body;

/** Every door that shows a value, with what stands before it there. */
const shows: readonly (readonly [
  door: string,
  of: typeof success,
  show: () => Promise<string> | string,
  before: string,
])[] = [
  ['a result by HTTP', success, () => told('/result'), '"result":'],
  ['a description by HTTP', success, () => told(''), '"result":'],
  ['an argument in a description', givenAs, () => told(''), '"input":[{"value":'],
  ['details of a heartbeat in a description', givenAs, () => told(''), '"heartbeat":{"details":{"value":'],
  ['a failure by HTTP', failure, () => told('/result'), '"details":{"value":'],
  ['a callback', success, calledBack, '"result":'],
  ['a callback of a failure', failure, calledBack, '"details":{"value":'],
];

// JSON that JavaScript does not keep: by digits, signs, ranges, doubled and dangerous names, escapes, spaces.
const number = fc.oneof(
  fc.constantFrom('9007199254740993', '-0', '1.0', '1e400', '1E+2', '0.1000', '123456789012345678901234567890.5e-7'),
  fc.bigInt().map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
);
const text = fc.oneof(
  fc.constantFrom('"\\ud800"', '"\\u0041"', '"\\/"', '"__proto__"', '"\u2028"', '"}],\\"{[\\\\"', '"é😀"', '""'),
  fc.string({ unit: 'binary' }).map((value) => JSON.stringify(value.toWellFormed())),
);
const space = fc.constantFrom('', ' ', '\n', '\r\n', '\t ');
const { json } = fc.letrec<{ json: string }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    fc.oneof(number, text, fc.constantFrom('null', 'true', 'false')),
    fc
      .tuple(space, fc.array(tie('json'), { maxLength: 4 }))
      .map(([gap, items]) => `[${gap}${items.join(`${gap},`)}${gap}]`),
    fc
      .tuple(
        space,
        fc.array(fc.tuple(fc.oneof(text, fc.constantFrom('"a"', '"__proto__"', '"constructor"')), tie('json')), {
          maxLength: 4,
        }),
      )
      .map(
        ([gap, members]) => `{${gap}${members.map(([name, value]) => `${name}${gap}:${gap}${value}`).join(`${gap},`)}}`,
      ),
  ),
}));

test.each(Object.entries(ways))(
  '%s: the JSON that came is what is kept',
  async (_, go) => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        taken = [];
        await go(value);
        const [payload, ...others] = taken;
        expect(others).toEqual([]);
        expect(payload === undefined ? undefined : encodingOf(payload)).toBe('json/plain');
        expect(Buffer.from(payload?.data ?? []).toString()).toBe(value);
      }),
      { numRuns: 60 },
    );
  },
  60_000,
);

test.each(shows)(
  '%s: the JSON that was kept is what is shown',
  async (_, of, show, before) => {
    await fc.assert(
      fc.asyncProperty(json, async (value) => {
        outcome = of(plain(value));
        const shown = await show();
        expect(JSON.parse(shown)).toBeDefined();
        expect(shown).toContain(`${before}${value}`);
      }),
      { numRuns: 60 },
    );
  },
  60_000,
);

test('events of a stream: the JSON that was kept is what its reader puts together', async () => {
  await fc.assert(
    fc.asyncProperty(json, async (value) => {
      outcome = success(plain(value));
      const lines = (await told('/result', 'text/event-stream')).split(/\r\n|\r|\n/);
      const data = lines.filter((line) => line.startsWith('data: ')).map((line) => line.slice('data: '.length));
      expect(data.join('\n')).toContain(`"result":${value.replaceAll('\r\n', '\n')}`);
    }),
    { numRuns: 60 },
  );
}, 60_000);

test('gRPC: what was kept goes as it is', () => {
  const payloads = plain('1.0');
  expect(fromPayloads(payloads)).toEqual({ payloads });
});

// Values of JavaScript, as the client and the worker write and read them by default.
const values = fc.jsonValue({ maxDepth: 4 }).map((value) => JSON.parse(JSON.stringify(value)) as unknown);

test.each(Object.entries(ways))(
  '%s: the default converter reads the value that was meant',
  async (_, go) => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        taken = [];
        await go(JSON.stringify(value));
        expect(taken.map((payload) => defaultPayloadConverter.fromPayload(payload))).toStrictEqual([value]);
      }),
      { numRuns: 30 },
    );
  },
  60_000,
);

test.each(shows)(
  '%s: what the default converter wrote is shown as it was given',
  async (_, of, show, before) => {
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        outcome = of([defaultPayloadConverter.toPayload(value)]);
        const shown = await show();
        expect(JSON.parse(shown)).toBeDefined();
        expect(shown).toContain(`${before}${JSON.stringify(value)}`);
      }),
      { numRuns: 30 },
    );
  },
  60_000,
);

test('bytes that are said to be JSON and are not are shown as bytes', async () => {
  for (const data of [Buffer.of(0x22, 0xff, 0x22), Buffer.from('{"a":'), Buffer.alloc(0)]) {
    outcome = success([{ metadata: { encoding: Buffer.from('json/plain') }, data }]);
    const shown = JSON.parse(await told('/result')) as {
      readonly resultPayloads: readonly { readonly data: string }[];
    };
    expect(shown.resultPayloads.map((payload) => payload.data)).toEqual([data.toString('base64')]);
  }
});

test('the whole body of a webhook is what came', async () => {
  await deliver('signals', ' {"order" : 9007199254740993 , "a": 1.0 }');
  expect(taken.map(({ data }) => Buffer.from(data).toString())).toEqual([' {"order" : 9007199254740993 , "a": 1.0 }']);
});
