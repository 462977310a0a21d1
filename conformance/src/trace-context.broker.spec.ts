import { ActivityClient } from '@ratchet/client';
import { connectKafka, partitionFor, ReplyInbox, type InputRecord, type KafkaConnection } from '@ratchet/kafka';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { ApplicationFailure, Context, Worker } from '@ratchet/worker';

const { brokers, registryUrl } = connectBroker();
const taskQueue = uniqueName('traced');
const activityId = uniqueName('activity');

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let connection: KafkaConnection;
let worker: Worker;
let running: Promise<void>;
let client: ActivityClient;

/** Fails once, so that a timer takes part. */
const charge = (): Promise<string> => {
  if (Context.current().info.attempt === 1) throw ApplicationFailure.retryable('not yet');
  return Promise.resolve('paid');
};

beforeAll(async () => {
  ratchet = await startCluster();
  connection = await connectKafka({ brokers, clientId: 'trace-context' });
  worker = await Worker.create({ brokers, registry: registryUrl, taskQueue, activities: { charge } });
  running = worker.run();
  client = await ActivityClient.connect({ brokers, registry: registryUrl });
});

afterAll(async () => {
  await Promise.all(inboxes.map((inbox) => inbox.close()));
  await client.close();
  worker.shutdown();
  await running;
  await connection.close();
  await ratchet.stop();
});

const inboxes: ReplyInbox[] = [];

async function readAll(topic: string, partitions: readonly number[], records: InputRecord[]): Promise<void> {
  const opened = partitions.map(
    (partition) => new ReplyInbox({ connection, topic, partition, onRecord: (record) => records.push(record) }),
  );
  inboxes.push(...opened);
  await Promise.all(opened.map((inbox) => inbox.open()));
}

test('one trace context goes through every hop: commands, tasks, state and replies, over a retry', async () => {
  const records: InputRecord[] = [];
  const own = partitionFor(`default//${activityId}`, 4);
  const tasks = `ratchet.activity.tasks.default.${taskQueue.replaceAll('-', '-2d')}`;
  await Promise.all([
    readAll('ratchet.activity.commands', [own], records),
    readAll('ratchet.activity.executions', [own], records),
    readAll(
      'ratchet.replies',
      Array.from({ length: 12 }, (_, partition) => partition),
      records,
    ),
    readAll(tasks, [0, 1, 2, 3], records),
  ]);

  await client.execute('charge', {
    id: activityId,
    taskQueue,
    timeouts: { startToClose: '10s' },
    retry: { initialInterval: 50 },
  });
  const contextsOf = (topic: string): readonly string[] =>
    records
      .filter(
        ({ topic: from, key }) => from === topic && (topic === 'ratchet.replies' || (key ?? '').includes(activityId)),
      )
      .map(({ headers }) => String(headers['traceparent']));
  // Schedule, Claim, Fail, DispatchDue (perhaps more than once), Claim, Complete.
  await eventually(() => contextsOf('ratchet.activity.commands').length >= 6);
  await eventually(() => contextsOf(tasks).length === 2);
  await eventually(() => contextsOf('ratchet.activity.executions').length > 0);
  // Two grants, the answers to Fail and Complete, the outcome.
  await eventually(() => contextsOf('ratchet.replies').length >= 5);

  const traces = ['ratchet.activity.commands', 'ratchet.activity.executions', 'ratchet.replies', tasks].map((topic) =>
    contextsOf(topic).map((context) => context.split('-')[1]),
  );
  expect(traces.map(({ length }) => length > 0)).toEqual([true, true, true, true]);
  expect(new Set(traces.flat()).size).toBe(1);
  expect(traces.flat()[0]).toMatch(/^[0-9a-f]{32}$/);
});
