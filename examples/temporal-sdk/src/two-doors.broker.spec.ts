import { ActivityClient } from '@ratchet/client';
import { Worker as KafkaWorker } from '@ratchet/worker';
import { startCluster, uniqueName } from '@ratchet/testing';
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';

const sample = { text: 'größe', numbers: [1, 2.5, -3], nested: { nothing: null, yes: true } };
const echo = (value: typeof sample, bytes: Uint8Array): Promise<unknown> =>
  Promise.resolve({ value, bytes: [...bytes] });
const expected = { value: sample, bytes: [0, 127, 255] };
const bytes = new Uint8Array([0, 127, 255]);

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let kafka: ActivityClient;
let connection: Connection;
beforeAll(async () => {
  Runtime.install({ logger: quiet });
  ratchet = await startCluster();
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
