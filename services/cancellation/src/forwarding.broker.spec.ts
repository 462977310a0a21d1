import { randomUUID } from 'node:crypto';
import { epochMillis, partitionKey, type CancellationRecord, type Command, type ExecutionId } from '@ratchet/domain';
import { ensureTopics, partitionFor } from '@ratchet/kafka';
import { topics, topicSpecs } from '@ratchet/schemas';
import { connectBroker, eventually, startCluster } from '@ratchet/testing';
import { Desk } from './desk.fixture.ts';

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let desk: Desk;

beforeAll(async () => {
  ratchet = await startCluster();
  desk = await Desk.open(connectBroker());
});

afterAll(async () => {
  await desk.close();
  await ratchet.stop();
});

const recovery = { deadlineMs: 40_000 };

const partitionOf = (id: ExecutionId): number => partitionFor(partitionKey(id), desk.cluster.partitions);

/** Running, each in the partition of the other. */
async function startTwo(): Promise<readonly [ExecutionId, ExecutionId]> {
  const first = await desk.start(desk.standalone());
  for (;;) {
    const second = desk.standalone();
    if (partitionOf(second) === partitionOf(first)) return [first, await desk.start(second)];
  }
}

async function write(topic: string, id: ExecutionId, value: Buffer): Promise<void> {
  await desk.outbox.send({ topic, key: partitionKey(id), partition: partitionOf(id), value });
}

async function cancelFromOutside(target: ExecutionId): Promise<void> {
  const request = { requestId: randomUUID(), identity: 'outside', reason: '' };
  const record: CancellationRecord = { type: 'CancelActivity', target, ...request };
  await write(topics.cancellations, target, desk.cluster.codec.encodeCancellation(record));
}

const isCancelled = async (target: ExecutionId): Promise<void> =>
  expect(await desk.describe(target)).toMatchObject({ status: 'cancel-requested' });

test('a forwarding that nobody signed silences nobody', async () => {
  const [target, other] = await startTwo();
  const forged: Command = {
    type: 'RequestCancel',
    target: other,
    requestId: randomUUID(),
    identity: 'a stranger',
    reason: '',
    cascaded: false,
    forwardedFrom: {
      offset: Number.MAX_SAFE_INTEGER - 1,
      index: 2 ** 31 - 1,
      appendedAt: epochMillis(Number.MAX_SAFE_INTEGER - 1),
    },
  };
  await write(topics.commands, other, desk.cluster.codec.encodeCommand(forged));
  await cancelFromOutside(target);
  await eventually(() => isCancelled(target));
  expect(await desk.describe(other)).toMatchObject({ status: 'started' });
});

/** As by hand: all its records are gone, and offsets begin at 0 again. */
async function makeCancellationsAnew(): Promise<void> {
  const { connection } = desk.cluster;
  await connection.admin.deleteTopics({ topics: [topics.cancellations] });
  await eventually(async () => !(await connection.admin.listTopics()).includes(topics.cancellations));
  const specs = topicSpecs({ replication: 'development', partitions: desk.cluster.partitions });
  await ensureTopics(
    connection,
    specs.filter(({ name }) => name === topics.cancellations),
  );
}

test.each<{ whether: string; anew: () => Promise<void> }>([
  { whether: 'while the service runs', anew: makeCancellationsAnew },
  {
    whether: 'while it does not',
    anew: async () => {
      await ratchet.services.cancellation.kill('SIGKILL');
      await makeCancellationsAnew();
      await ratchet.services.cancellation.ready();
    },
  },
])('a topic of cancellations that was made anew $whether silences nobody', async ({ anew }) => {
  const [before, after] = await startTwo();
  await cancelFromOutside(before);
  await eventually(() => isCancelled(before), recovery);
  await anew();
  await cancelFromOutside(after);
  await eventually(() => isCancelled(after), recovery);
});
