import { randomUUID } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  epochMillis,
  executionKey,
  partitionKey,
  type CallbackRequest,
  type CompletionEvent,
  type ExecutionId,
} from '@ratchet/domain';
import { ReplyInbox, type InputRecord, type Outbox, type OutputRecord } from '@ratchet/kafka';
import { connectCluster, defaultPayloadConverter, type Cluster } from '@ratchet/protocol';
import { deadLetterTopic, topics } from '@ratchet/schemas';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { Webhook } from 'standardwebhooks';
import { httpClient, type CallHttp } from '../http/http-client.fixture.ts';

// What the gateway reads of the log: completion events of external systems, and callbacks that are due.

const secret = `whsec_${Buffer.from('0123456789abcdef0123456789abcdef').toString('base64')}`;
const patient = { deadlineMs: 60_000 };

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let cluster: Cluster;
let outbox: Outbox;
let call: CallHttp;
const deadLetters: InputRecord[] = [];
let inboxes: readonly ReplyInbox[];
let receiver: Server;
let received: { readonly headers: IncomingHttpHeaders; readonly body: string }[] = [];
/** What the receiver of callbacks answers to a path. */
let answerTo: (path: string) => number = () => 200;

beforeAll(async () => {
  ratchet = await startCluster({
    serviceEnv: {
      RATCHET_CALLBACK_SECRET: secret,
      RATCHET_CALLBACK_HOSTS: '127.0.0.1',
      RATCHET_CALLBACK_BACKOFF_MS: '100',
      // The seventh try, 6.3 s after the end, is the last: the next would be 12.7 s after it.
      RATCHET_CALLBACK_RETRY_MS: '12500',
    },
  });
  const { brokers, registryUrl } = connectBroker();
  cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'events-test', createTopics: false });
  outbox = cluster.createOutbox();
  call = httpClient(ratchet.httpUrl);
  const { connection } = cluster;
  const onRecord = (record: InputRecord): void => void deadLetters.push(record);
  inboxes = [topics.completions, topics.callbackRetries]
    .map(deadLetterTopic)
    .map((topic) => new ReplyInbox({ connection, topic, partition: 0, onRecord }));
  await Promise.all(inboxes.map((inbox) => inbox.open()));
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      const status = answerTo(request.url ?? '');
      if (status === 200) received.push({ headers: request.headers, body });
      // 0: it says nothing.
      if (status !== 0) response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
}, 180_000);
afterAll(async () => {
  receiver.closeAllConnections();
  receiver.close();
  await Promise.all(inboxes.map((inbox) => inbox.close()));
  await outbox.close();
  await cluster.close();
  await ratchet.stop();
});

const namespace = 'default';
const base = `/api/v1/namespaces/${namespace}/activities`;
const json = (value: unknown) => [defaultPayloadConverter.toPayload(value)];

async function start(more: Readonly<Record<string, unknown>> = {}): Promise<ExecutionId> {
  const activityId = uniqueName('event');
  const taskQueue = uniqueName('nobody');
  const timeouts = { scheduleToClose: '10m' };
  const { status } = await call('POST', base, { activityId, activityType: 'charge', taskQueue, timeouts, ...more });
  expect(status).toBe(200);
  return { namespace, workflowId: '', runId: '', activityId };
}
const resultOf = async ({ activityId }: ExecutionId): Promise<unknown> =>
  (await call('GET', `${base}/${activityId}/result?wait=30s`)).body;

const avro = (event: CompletionEvent, key: string): OutputRecord => ({
  topic: topics.completions,
  key,
  value: cluster.codec.encodeCompletionEvent(event),
});
const completed = (target: ExecutionId, result: unknown, eventId: string = randomUUID()): OutputRecord => {
  const body = { type: 'Completed', result: json(result) } as const;
  return avro({ eventId, source: '/test', target, body }, partitionKey(target));
};
const letterOf = (key: string): string | undefined => {
  const letter = deadLetters.find((record) => record.key === key);
  return letter && String(letter.headers['ratchet-dlq-reason']);
};

describe('a completion event', () => {
  test('in Avro completes its activity', async () => {
    const target = await start();
    await outbox.send(completed(target, 7));
    expect(await resultOf(target)).toMatchObject({ status: 'completed', result: 7 });
  });

  test('as a CloudEvent, in either mode, in any partition', async () => {
    const [binary, structured] = [await start(), await start()];
    await outbox.send({
      topic: topics.completions,
      key: null,
      partition: 0,
      value: Buffer.from('{"paid":7}'),
      headers: {
        ce_specversion: '1.0',
        ce_id: randomUUID(),
        ce_source: '/test',
        ce_type: 'ratchet.activity.completed',
        ce_namespace: namespace,
        ce_activityid: binary.activityId,
      },
    });
    const event = {
      specversion: '1.0',
      id: randomUUID(),
      source: '/test',
      type: 'ratchet.activity.completed',
      namespace,
      activityid: structured.activityId,
      data: { paid: 8 },
    };
    await outbox.send({
      topic: topics.completions,
      key: null,
      partition: 1,
      value: Buffer.from(JSON.stringify(event)),
      headers: { 'content-type': 'application/cloudevents+json' },
    });
    expect(await resultOf(binary)).toMatchObject({ result: { paid: 7 } });
    expect(await resultOf(structured)).toMatchObject({ result: { paid: 8 } });
  });

  test('that comes twice counts once, and is no dead letter', async () => {
    const target = await start();
    const event = completed(target, 7, 'the same');
    await outbox.send(event);
    await outbox.send(event);
    const after = completed(target, 8);
    await outbox.send(after);
    await eventually(() => letterOf(partitionKey(target)) !== undefined, patient);
    expect(await resultOf(target)).toMatchObject({ result: 7 });
    // Of the three only the last was refused: it is another event.
    const letters = deadLetters.filter(({ key }) => key === partitionKey(target));
    expect(letters.map(({ value }) => value?.equals(after.value ?? Buffer.alloc(0)))).toEqual([true]);
  });

  test('that cannot be understood or is refused is dead-lettered with the reason; the rest goes on', async () => {
    const target = await start();
    const [poison, cloud, unknown] = [uniqueName('poison'), uniqueName('cloud'), uniqueName('unknown')];
    const nobody = { ...target, activityId: unknown };
    const { topic } = completed(target, 0);
    await outbox.send({ topic, key: poison, partition: 2, value: Buffer.from('poison') });
    await outbox.send({ topic, key: cloud, partition: 2, value: Buffer.from('{'), headers: { ce_specversion: '1.0' } });
    await outbox.send({ ...completed(nobody, 1), key: unknown, partition: 2 });
    await outbox.send({ ...completed(target, 7), partition: 2 });
    expect(await resultOf(target)).toMatchObject({ result: 7 });
    await eventually(() => [poison, cloud, unknown].every((key) => letterOf(key) !== undefined), patient);
    expect(letterOf(poison)).toMatch('Expected to read a record');
    expect(letterOf(cloud)).toMatch('Expected to read a completion event');
    expect(letterOf(unknown)).toMatch(`activity not found for ID: ${unknown}`);
  });

  test('is carried out though the gateway is killed, and once', async () => {
    const targets = await Promise.all(Array.from({ length: 30 }, () => start()));
    const events = targets.map((target, n) => completed(target, n));
    const half = events.slice(0, 15).map((event) => outbox.send(event));
    await ratchet.services['completion-gateway'].kill('SIGKILL');
    await Promise.all([...half, ...events.slice(15).map((event) => outbox.send(event))]);
    // As whoever wrote them may write them again.
    await Promise.all(events.map((event) => outbox.send(event)));
    await ratchet.services['completion-gateway'].ready();
    for (const [n, target] of targets.entries()) expect(await resultOf(target)).toMatchObject({ result: n });
    expect(targets.map((target) => letterOf(partitionKey(target)))).toEqual(targets.map(() => undefined));
  });
});

describe('a callback', () => {
  const urlOf = (path: string): string => `http://127.0.0.1:${String((receiver.address() as AddressInfo).port)}${path}`;
  const told = ({ activityId }: ExecutionId) => received.filter(({ body }) => body.includes(activityId));
  beforeEach(() => {
    received = [];
    answerTo = () => 200;
  });

  test('tells of the outcome, signed, to every URL', async () => {
    const target = await start({ callbackUrls: [urlOf('/a'), urlOf('/b')] });
    await call('POST', `${base}/${target.activityId}/complete`, { result: { paid: 7 } });
    await eventually(() => told(target).length === 2, patient);
    for (const { headers, body } of told(target)) {
      expect(new Webhook(secret).verify(body, headers as Record<string, string>)).toMatchObject({
        type: 'ratchet.activity.completed',
        data: { activityId: target.activityId, status: 'completed', result: { paid: 7 } },
      });
    }
    expect(new Set(told(target).map(({ headers }) => headers['webhook-id'])).size).toBe(2);
  });

  /** What the gateway has counted of callbacks. */
  async function counted(): Promise<Readonly<Record<string, number>>> {
    const url = new URL('/metrics', ratchet.services['completion-gateway'].healthUrl);
    const text = await (await fetch(url)).text();
    const valueOf = (name: string): number => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1] ?? 0);
    const tries = (result: string): number =>
      valueOf(`ratchet_callbacks_total\\{result="${result}",service="completion-gateway"\\}`);
    return {
      told: tries('told'),
      failed: tries('failed'),
      'given-up': tries('given-up'),
      dead: valueOf(
        'ratchet_records_dead_lettered_total\\{topic="ratchet.activity.callbacks.retries",partition="\\d+",service="completion-gateway"\\}',
      ),
      wait: valueOf('ratchet_callback_wait_seconds\\{service="completion-gateway"\\}'),
    };
  }

  test('is tried again until it is taken, through a kill of the gateway', async () => {
    let calls = 0;
    answerTo = () => {
      calls++;
      return 503;
    };
    const target = await start({ callbackUrls: [urlOf('/busy')] });
    await call('POST', `${base}/${target.activityId}/terminate`, { reason: 'no more' });
    await eventually(() => calls >= 2, patient);
    await ratchet.services['completion-gateway'].kill('SIGKILL');
    answerTo = () => 200;
    await ratchet.services['completion-gateway'].ready();
    await eventually(() => told(target).length > 0, patient);
    expect(JSON.parse(told(target)[0]?.body ?? '')).toMatchObject({
      type: 'ratchet.activity.terminated',
      data: { status: 'terminated', failure: { message: 'no more', kind: 'terminated' } },
    });
  });

  test('is given up in the end, and dead-lettered with the reason', async () => {
    answerTo = () => 503;
    const before = await counted();
    const target = await start({ callbackUrls: [urlOf('/down')] });
    await call('POST', `${base}/${target.activityId}/complete`, {});
    const { runId } = (await call('GET', `${base}/${target.activityId}`)).body as { runId: string };
    const key = executionKey({ ...target, runId });
    await eventually(async () => ((await counted())['wait'] ?? 0) > 3, patient);
    await eventually(() => letterOf(key) !== undefined, patient);
    expect(letterOf(key)).toMatch(/but it answers 503$/);
    expect(told(target)).toEqual([]);
    // The kill before may have had callbacks of others told again, which nobody takes now, either.
    await eventually(async () => {
      const now = await counted();
      const more = (name: string): number => (now[name] ?? 0) - (before[name] ?? 0);
      expect([more('given-up') >= 1, more('dead') >= 1, more('failed') >= 6, now['wait']]).toEqual([
        true,
        true,
        true,
        0,
      ]);
    }, patient);
  });

  test('of a namespace whose receivers say nothing holds up no other', async () => {
    let silentCalls = 0;
    answerTo = (path) => {
      if (path !== '/silent') return 200;
      silentCalls++;
      return 0;
    };
    const request = (of: string, index: number, url: string): CallbackRequest => ({
      id: { namespace: of, workflowId: '', runId: 'r', activityId: `${of}-${String(index)}` },
      url,
      activityType: 'charge',
      status: 'completed',
      outcome: { type: 'success', result: [] },
      closedAt: epochMillis(Date.now()),
      closedOffset: index,
      failedCount: 0,
    });
    const silent = Array.from({ length: 300 }, (_, index) => request('silent', index, urlOf('/silent')));
    const due = [...silent, request('neighbour', 0, urlOf('/here'))];
    await Promise.all(
      due.map((callback) => {
        const key = executionKey(callback.id);
        const value = cluster.codec.encodeCallbackRequest(callback);
        return outbox.send({ topic: topics.callbacks, key, partition: 0, value, headers: {} });
      }),
    );
    await eventually(() => received.some(({ body }) => body.includes('neighbour-0')), patient);
    // A hundred of a partition are read at once, and each silent one takes 15 s: in turn, two hundred would have been called.
    expect(silentCalls).toBeLessThan(200);
  });

  test('that nobody wants is no obstacle to others', async () => {
    answerTo = (path) => (path === '/gone' ? 410 : 200);
    const [unwanted, wanted] = [
      await start({ callbackUrls: [urlOf('/gone')] }),
      await start({ callbackUrls: [urlOf('/here')] }),
    ];
    for (const { activityId } of [unwanted, wanted]) await call('POST', `${base}/${activityId}/complete`, {});
    await eventually(() => told(wanted).length === 1, patient);
    expect(told(unwanted)).toEqual([]);
  });
});
