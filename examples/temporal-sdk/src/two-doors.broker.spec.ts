import { createHmac } from 'node:crypto';
import { ActivityClient } from '@ratchet/client';
import { Worker as KafkaWorker } from '@ratchet/worker';
import { WorkflowRun } from '@ratchet/workflow';
import { startCluster, uniqueName } from '@ratchet/testing';
import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';

const sample = { text: 'größe', numbers: [1, 2.5, -3], nested: { nothing: null, yes: true } };
const echo = (value: typeof sample, bytes: Uint8Array): Promise<unknown> =>
  Promise.resolve({ value, bytes: [...bytes] });
const expected = { value: sample, bytes: [0, 127, 255] };
const bytes = new Uint8Array([0, 127, 255]);

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const webhooks = [
  {
    name: 'payments',
    secrets: [`whsec_${key.toString('base64')}`],
    namespace: 'default',
    signals: { workflowId: '/order', signalName: { const: 'paid' }, argument: '/parcel' },
  },
];

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let kafka: ActivityClient;
let connection: Connection;
beforeAll(async () => {
  Runtime.install({ logger: quiet });
  ratchet = await startCluster({ serviceEnv: { RATCHET_WEBHOOKS: JSON.stringify(webhooks) } });
  kafka = await ActivityClient.connect({ brokers: ratchet.brokers, registry: ratchet.registryUrl });
  connection = await Connection.connect({ address: ratchet.grpcAddress });
}, 120_000);
afterAll(async () => {
  await connection.close();
  await kafka.close();
  await ratchet.stop();
});

const nothing = (): void => undefined;
const quiet = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };

test("an activity that was started through Temporal's SDK runs on a Kafka worker, with the same payloads", async () => {
  const taskQueue = uniqueName('two-doors');
  const worker = await KafkaWorker.create({
    brokers: ratchet.brokers,
    registry: ratchet.registryUrl,
    taskQueue,
    activities: { echo },
  });
  const running = worker.run();
  const client = new Client({ connection });
  const options = { id: uniqueName('echo'), taskQueue, startToCloseTimeout: '30s' as const };
  expect(await client.activity.execute('echo', { ...options, args: [sample, bytes] })).toEqual(expected);
  worker.shutdown();
  await running;
}, 60_000);

test("an activity that was started through Kafka runs on a worker of Temporal's SDK, with the same payloads", async () => {
  const taskQueue = uniqueName('two-doors');
  const native = await NativeConnection.connect({ address: ratchet.grpcAddress });
  const worker = await Worker.create({ connection: native, taskQueue, activities: { echo } });
  const running = worker.run();
  const result = kafka.execute<{ echo: typeof echo }>('echo', {
    taskQueue,
    args: [sample, bytes],
    timeouts: { startToClose: '30s' },
  });
  expect(await result).toEqual(expected);
  worker.shutdown();
  await running;
  await native.close();
}, 60_000);

test('what comes for a queue is run by who is there, when the workers of one door have gone', async () => {
  const taskQueue = uniqueName('two-doors');
  const native = await NativeConnection.connect({ address: ratchet.grpcAddress });
  const first = await Worker.create({ connection: native, taskQueue, activities: { echo } });
  const firstRunning = first.run();
  const client = new Client({ connection });
  const execute = (): Promise<unknown> =>
    client.activity.execute('echo', {
      id: uniqueName('echo'),
      taskQueue,
      startToCloseTimeout: '60s',
      args: [sample, bytes],
    });
  await execute();
  const second = await KafkaWorker.create({
    brokers: ratchet.brokers,
    registry: ratchet.registryUrl,
    taskQueue,
    activities: { echo },
  });
  const secondRunning = second.run();
  first.shutdown();
  await firstRunning;
  await native.close();
  expect(await Promise.all(Array.from({ length: 20 }, execute))).toEqual(Array.from({ length: 20 }, () => expected));
  second.shutdown();
  await secondRunning;
}, 60_000);

test('a workflow run hears the signals of every door, in the order they came, and each once', async () => {
  const run = await WorkflowRun.open(kafka, { workflowId: uniqueName('order') });
  const { workflowId } = run;
  const stream = run.signals<[number]>('paid');
  const next = async (): Promise<unknown> => (await stream.next()).value?.args;

  await new Client({ connection }).workflow.getHandle(workflowId).signal('paid', 1);
  expect(await next()).toEqual([1]);

  const path = `/api/v1/namespaces/default/workflows/${workflowId}/signals/paid`;
  for (let n = 0; n < 2; n++) expect(await post(path, { args: [2], requestId: 'the same' })).toBe(200);
  const delivery = { order: workflowId, parcel: 3 };
  for (let n = 0; n < 2; n++) expect(await post('/webhooks/payments', delivery, signed('msg_1', delivery))).toBe(200);
  expect(await post('/webhooks/payments', delivery, signed('msg_2', { ...delivery, parcel: 9 }))).toBe(401);
  await kafka.signal(workflowId, undefined, 'paid', [4]);
  expect([await next(), await next(), await next()]).toEqual([[2], [3], [4]]);

  await run.complete();
  const late = new Client({ connection }).workflow.getHandle(workflowId).signal('paid', 5);
  await expect(late).rejects.toThrow(WorkflowNotFoundError);
  expect(await post(path, { args: [5] })).toBe(404);
  expect(await post('/webhooks/payments', delivery, signed('msg_3', delivery))).toBe(404);
}, 60_000);

const post = async (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<number> => {
  const answer = await fetch(`${ratchet.httpUrl}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  });
  return answer.status;
};

/** As Standard Webhooks has it. */
function signed(id: string, body: unknown): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const signature = createHmac('sha256', key)
    .update(`${id}.${timestamp}.${JSON.stringify(body)}`)
    .digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${signature}` };
}
