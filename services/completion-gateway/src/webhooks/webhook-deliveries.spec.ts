import { defaultPayloadConverter } from '@ratchet/protocol';
import { readConfig } from '@ratchet/service-kit';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import { ProblemError } from '../http/problem.ts';
import { reportIdOf } from '../http/report-id.ts';
import { WebhookDeliveries } from './webhook-deliveries.ts';
import { webhookSettings } from './webhooks.settings.ts';

const secret = `whsec_${Buffer.from('the secret of these tests, no other').toString('base64')}`;
const other = `whsec_${Buffer.from('another secret, as long as that.').toString('base64')}`;

const configured = [
  {
    name: 'payments',
    secrets: [other, secret],
    namespace: 'orders',
    when: { at: '/kind', equals: 'payment' },
    completes: {
      activityId: '/data/order~1id',
      runId: '/data/run',
      result: '/data',
      failure: { when: { at: '/data/ok', equals: false }, message: '/data/why', type: { const: 'Declined' } },
    },
  },
  { name: 'tokens', secrets: [secret], namespace: 'orders', completes: { taskToken: '/token' } },
  {
    name: 'words',
    secrets: [secret],
    namespace: 'orders',
    completes: {
      activityId: '/id',
      runId: '/run',
      failure: { when: { at: '/ok', equals: false }, message: '/why', type: '/code', nonRetryable: '/final' },
    },
  },
  {
    name: 'exactly',
    secrets: [secret],
    namespace: 'orders',
    when: { at: '/n', equals: [9007199254740992] },
    completes: { activityId: '/id' },
  },
  { name: 'signals', secrets: [secret], namespace: 'orders', signals: { workflowId: '/order', signalName: '/type' } },
];

let asked: readonly unknown[] = [];
let answer: () => Promise<void> = () => Promise.resolve();
const ask =
  (what: string) =>
  (...args: readonly unknown[]): Promise<void> => {
    asked = [what, ...args];
    return answer();
  };
const { webhooks } = readConfig('completion-gateway', webhookSettings, {
  RATCHET_WEBHOOKS: JSON.stringify(configured),
}).config;
const deliveries = new WebhookDeliveries({
  webhooks: () => webhooks,
  reports: { complete: ask('complete'), fail: ask('fail') },
  runs: { signal: ask('signal') },
});
beforeEach(() => {
  asked = [];
  answer = () => Promise.resolve();
});

interface Sent {
  readonly at?: Date;
  readonly signWith?: string;
  readonly tampered?: boolean;
}

/** A body that is sent as it is written. */
class Raw {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

async function deliver(
  name: string,
  body: unknown,
  { at = new Date(), signWith = secret, tampered = false }: Sent = {},
) {
  const text = body instanceof Raw ? body.text : JSON.stringify(body);
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new StandardWebhook(signWith).sign('msg_1', at, text),
  };
  deliveries.expect(name, headers);
  return deliveries.receive(deliveries.verify(name, headers, Buffer.from(tampered ? `${text} ` : text)));
}
const json = (value: unknown) => [defaultPayloadConverter.toPayload(value)];
const caller = { namespace: 'orders', identity: expect.stringMatching(/^webhook:/) as unknown };
const payment = { kind: 'payment', data: { 'order/id': 7, ok: true } };

test('a delivery completes what its body names', async () => {
  expect(await deliver('payments', payment)).toEqual({ ignored: false });
  const ids = { activityId: '7', workflowId: '', runId: '' };
  const reportId = reportIdOf('webhook', 'payments', 'msg_1');
  expect(asked).toMatchObject(['complete', caller, ids, json(payment.data), { reportId }]);
});

test('or fails it', async () => {
  await deliver('payments', { kind: 'payment', data: { 'order/id': 'a', ok: false, why: 'no money', run: 'r' } });
  const failure = { message: 'no money', info: { type: 'application', errorType: 'Declined' } };
  expect(asked).toMatchObject(['fail', caller, { activityId: 'a', runId: 'r' }, { failure }]);
});

test.each([
  ['9007199254740993', '9007199254740993'],
  ['12345678901234567890', '12345678901234567890'],
  ['-0', '-0'],
  ['1.0', '1.0'],
  ['1e400', '1e400'],
  ['"9007199254740993"', '9007199254740993'],
])('the id %s is taken with all its digits', async (written, activityId) => {
  await deliver('payments', new Raw(`{"kind":"payment","data":{"order/id":${written},"ok":true}}`));
  expect(asked.slice(0, 3)).toMatchObject(['complete', caller, { activityId }]);
});

test.each([
  ['nothing', '"a":1', '', ''],
  ['null', '"why":null,"code":null', '', ''],
  ['no text', '"why":"","code":""', '', ''],
  ['a truth value', '"why":false,"code":true', 'false', 'true'],
  ['a number', '"why":9007199254740993,"code":1.0', '9007199254740993', '1.0'],
  ['an object', '"why":{"a": [1.0]},"code":[]', '{"a": [1.0]}', '[]'],
  ['half a character', '"why":"\\ud800!","code":"\\ud800"', '\ufffd!', '\ufffd'],
])('words of a failure that are %s are shown as they are', async (_, members, message, errorType) => {
  await deliver('words', new Raw(`{"id":"a","ok":false,${members}}`));
  expect(asked).toMatchObject(['fail', caller, { activityId: 'a' }, { failure: { message, info: { errorType } } }]);
});

test.each([
  ['nothing', '"a":1', ''],
  ['null', '"run":null', ''],
  ['no text', '"run":""', ''],
  ['a number', '"run":7', '7'],
])('a run id that is %s', async (_, members, runId) => {
  await deliver('words', new Raw(`{"id":"a",${members}}`));
  expect(asked.slice(0, 3)).toMatchObject(['complete', caller, { activityId: 'a', runId }]);
});

test.each([
  ['nothing', '"a":1', false],
  ['true', '"final":true', true],
  ['false', '"final":false', false],
  ['a word', '"final":"true"', false],
])('where a failure may say that it is final, and there is %s', async (_, members, nonRetryable) => {
  await deliver('words', new Raw(`{"id":"a","ok":false,${members}}`));
  expect(asked).toMatchObject(['fail', caller, { activityId: 'a' }, { failure: { info: { nonRetryable } } }]);
});

test.each([
  ['7', 'ignored'],
  ['7.0', 'ignored'],
  ['9007199254740992', 'taken'],
  ['9007199254740993', 'ignored'],
  ['9007199254740992.0', 'taken'],
  ['9.007199254740992e15', 'taken'],
  ['"9007199254740992"', 'ignored'],
])('a condition compares numbers by all their digits: %s is %s', async (written, expected) => {
  const { ignored } = await deliver('exactly', new Raw(`{"id":"a","n":[${written}]}`));
  expect(ignored ? 'ignored' : 'taken').toBe(expected);
});

test('a body may begin with a byte order mark', async () => {
  await deliver('tokens', new Raw('\ufeff{"token":"AQID"}'));
  expect(asked.slice(0, 3)).toMatchObject(['complete', caller, { taskToken: Buffer.from([1, 2, 3]) }]);
});

test('by task token, without a result', async () => {
  await deliver('tokens', { token: 'AQID' });
  expect(asked).toMatchObject(['complete', caller, { taskToken: Buffer.from([1, 2, 3]) }, [], expect.anything()]);
});

test('or signals a run, with all of it', async () => {
  const body = { order: 'order-1', type: 'shipped' };
  await deliver('signals', body);
  const requestId = reportIdOf('webhook', 'signals', 'msg_1');
  const request = { workflowId: 'order-1', runId: '', signalName: 'shipped', args: json(body), requestId };
  expect(asked).toMatchObject(['signal', caller, request]);
});

test('with when it was sent, so that the log can tell whether it is for this run', async () => {
  // A timestamp is of a whole second.
  const at = new Date(Math.floor(Date.now() / 1000) * 1000 - 60_000);
  const issuedAt = at.getTime() + 999;
  await deliver('payments', payment, { at });
  expect(asked[4]).toMatchObject({ issuedAt });
  await deliver('payments', { kind: 'payment', data: { 'order/id': 'a', ok: false } }, { at });
  expect(asked[3]).toMatchObject({ issuedAt });
  await deliver('signals', { order: 'order-1', type: 'shipped' }, { at });
  expect(asked[2]).toMatchObject({ issuedAt });
});

test('the attempt of a token is no longer the current one: its sender need not stop sending to us', async () => {
  answer = () => Promise.reject(new ProblemError(410, 'the attempt of this token is not the current one'));
  await expect(deliver('tokens', { token: 'AQID' })).rejects.toMatchObject({ problem: { status: 409 } });
});

test('what is not meant is ignored', async () => {
  expect(await deliver('payments', { kind: 'refund' })).toEqual({ ignored: true });
  expect(asked).toEqual([]);
});

test.each([
  ['too old', { at: new Date(Date.now() - 6 * 60_000) }],
  ['from the future', { at: new Date(Date.now() + 6 * 60_000) }],
  ['signed by another', { signWith: `whsec_${Buffer.from('nobody knows this secret at all.').toString('base64')}` }],
  ['changed on its way', { tampered: true }],
])('%s it is refused', async (_, sent) => {
  await expect(deliver('payments', payment, sent)).rejects.toMatchObject({ problem: { status: 401 } });
  expect(asked).toEqual([]);
});

test('either secret is taken while one is replaced', async () => {
  expect(await deliver('payments', payment, { signWith: other })).toEqual({ ignored: false });
});

function statusOf(refuse: () => unknown): number | undefined {
  try {
    refuse();
  } catch (error) {
    return error instanceof ProblemError ? error.problem.status : undefined;
  }
  return undefined;
}

test.each([
  ['webhook-id', ''],
  ['webhook-id', 'x'.repeat(1001)],
  ['webhook-timestamp', '1000000000'],
  ['webhook-timestamp', '99999999999'],
  ['webhook-timestamp', 'now'],
  ['webhook-signature', 'v1'],
  ['webhook-signature', 'v1,'],
])('with %s: %s it is refused, before its body is here and after', (name, value) => {
  const body = Buffer.from(JSON.stringify(payment));
  const at = new Date();
  const headers = {
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new StandardWebhook(secret).sign('msg_1', at, body.toString()),
    [name]: value,
  };
  expect(statusOf(() => deliveries.expect('payments', headers))).toBe(401);
  expect(statusOf(() => deliveries.verify('payments', headers, body))).toBe(401);
});

test.each<[string, string, unknown, number]>([
  ['an unknown webhook', 'nothing', payment, 401],
  ['a body without the id', 'payments', { kind: 'payment', data: {} }, 422],
  ['an id that is no text', 'payments', { kind: 'payment', data: { 'order/id': { a: 1 } } }, 422],
  ['a run id that is no text', 'words', { id: 'a', run: { a: 1 } }, 422],
  ['a body that is no object', 'tokens', 'text', 422],
  ['a body of nothing', 'tokens', null, 422],
])('%s is told', async (_, name, body, status) => {
  await expect(deliver(name, body)).rejects.toMatchObject({ problem: { status } });
  expect(asked).toEqual([]);
});

/** What is `Raw` in it as it is written. */
const written = (value: unknown): string =>
  JSON.stringify(value, (_, each: unknown) => (each instanceof Raw ? `raw ${each.text} raw` : each)).replaceAll(
    /"raw (.*?) raw"/g,
    '$1',
  );

test.each([
  [[{ ...configured[1], secrets: ['short'] }]],
  [[{ ...configured[1], completes: { activityId: 'no pointer' } }]],
  [[{ ...configured[1], completes: { activityId: '/a', taskToken: '/b' } }]],
  [[{ ...configured[1], completes: {} }]],
  [[configured[1], configured[1]]],
  [[{ ...configured[1], when: { at: '/n', equals: new Raw('9007199254740993') } }]],
  [[{ ...configured[1], completes: { activityId: { const: new Raw('1e400') } } }]],
])('a wrong configuration is refused at start, case %#', (wrong) => {
  const read = () => readConfig('completion-gateway', webhookSettings, { RATCHET_WEBHOOKS: written(wrong) });
  expect(read).toThrow(/RATCHET_WEBHOOKS is a secret of \d+ characters: expected a JSON list/);
});
