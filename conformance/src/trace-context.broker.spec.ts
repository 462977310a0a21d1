import { ActivityClient } from '@ratchet/client';
import type { Command } from '@ratchet/domain';
import { partitionFor, ReplyInbox, type InputRecord } from '@ratchet/kafka';
import { connectCluster, type Cluster } from '@ratchet/protocol';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { ApplicationFailure, Context, Worker } from '@ratchet/worker';

const { brokers, registryUrl } = connectBroker();
const taskQueue = uniqueName('traced');
const activityId = uniqueName('activity');

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let cluster: Cluster;
let worker: Worker;
let running: Promise<void>;
let client: ActivityClient;

/** Fails once, so that a timer takes part. */
const charge = (): Promise<string> => {
  if (Context.current().info.attempt === 1) throw ApplicationFailure.retryable('not yet');
  return Promise.resolve('paid');
};

const greet = (): Promise<string> => Promise.resolve('hello');

beforeAll(async () => {
  ratchet = await startCluster();
  cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'trace-context', createTopics: false });
  worker = await Worker.create({ brokers, registry: registryUrl, taskQueue, activities: { charge, greet } });
  running = worker.run();
  client = await ActivityClient.connect({ brokers, registry: registryUrl });
  // The first activity of a queue has its topic made.
  await client.execute('greet', { taskQueue, timeouts: { startToClose: '10s' } });
});

afterAll(async () => {
  await Promise.all(inboxes.map((inbox) => inbox.close()));
  await client.close();
  worker.shutdown();
  await running;
  await cluster.close();
  await ratchet.stop();
});

const inboxes: ReplyInbox[] = [];

const decodedCommand = async ({ value }: InputRecord): Promise<Command> => {
  if (value === null) throw new Error('Expected a command, but the record has no value');
  return cluster.codec.decodeCommand(value);
};

async function readAll(topic: string, partitions: readonly number[], records: InputRecord[]): Promise<void> {
  const opened = partitions.map(
    (partition) =>
      new ReplyInbox({
        connection: cluster.connection,
        topic,
        partition,
        onRecord: (record) => {
          records.push(record);
        },
      }),
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
  const recordsOf = (topic: string): readonly InputRecord[] =>
    records.filter((record) => record.topic === topic && (record.key ?? '').includes(activityId));
  // Replies to activities of other tests, which the services may still see through, come to the same topic.
  const replies = async (): Promise<readonly InputRecord[]> => {
    const commands = await Promise.all(recordsOf('ratchet.activity.commands').map(decodedCommand));
    const addresses = commands.map(({ replyTo }) => replyTo?.address);
    return records.filter(({ topic, key }) => topic === 'ratchet.replies' && key !== null && addresses.includes(key));
  };
  const traceOf = ({ headers }: InputRecord): string | undefined => String(headers['traceparent']).split('-')[1];
  // Schedule, Claim, Fail, DispatchDue (perhaps more than once), Claim, Complete.
  await eventually(() => recordsOf('ratchet.activity.commands').length >= 6);
  await eventually(() => recordsOf(tasks).length === 2);
  await eventually(() => recordsOf('ratchet.activity.executions').length > 0);
  // Two grants, the answers to Fail and Complete, the outcome.
  await eventually(async () => (await replies()).length >= 5);

  const found = [
    ...['ratchet.activity.commands', 'ratchet.activity.executions', tasks].flatMap(recordsOf),
    ...(await replies()),
  ];
  const traces = new Set(found.map(traceOf));
  expect(traces.size).toBe(1);
  expect([...traces][0]).toMatch(/^[0-9a-f]{32}$/);
});
