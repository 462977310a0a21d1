import { randomUUID } from 'node:crypto';
import { currentRules, millis, partitionKey, type ExecutionId } from '@ratchet/domain';
import { partitionFor, ReplyInbox, type InputRecord, type Outbox } from '@ratchet/kafka';
import {
  connectCluster,
  createTokenSigner,
  openRequestChannel,
  type Cluster,
  type CommandDraftOf,
  type CommandReply,
} from '@ratchet/protocol';
import { deadLetterTopic, topics } from '@ratchet/schemas';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { SchedulerLogic } from './scheduler-logic.ts';
import { topicsOf } from './scheduler-logic.fixture.ts';

const namespace = uniqueName('scheduler');
const partitions = 4;

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let cluster: Cluster;
let requests: Awaited<ReturnType<typeof openRequestChannel>>;
let outbox: Outbox;
const inboxes: ReplyInbox[] = [];

beforeAll(async () => {
  const { brokers, registryUrl } = connectBroker();
  ratchet = await startCluster({ partitions });
  cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'scheduler-test', createTopics: false });
  requests = await openRequestChannel(cluster);
  outbox = cluster.createOutbox();
});

afterAll(async () => {
  await Promise.all(inboxes.map((inbox) => inbox.close()));
  await outbox.close();
  await requests.close();
  await cluster.close();
  await ratchet.stop();
});

/** Everything that is appended to one partition from now on. */
async function recordsOf(topic: string, partition: number): Promise<readonly InputRecord[]> {
  const records: InputRecord[] = [];
  const onRecord = (record: InputRecord): void => void records.push({ ...record, value: copyOf(record.value) });
  const inbox = new ReplyInbox({ connection: cluster.connection, topic, partition, onRecord });
  inboxes.push(inbox);
  await inbox.open();
  return records;
}

const copyOf = (value: Buffer | null): Buffer | null => (value === null ? null : Buffer.from(value));

/** What stands before what is read: the rules that it was decided under. */
function underCurrentRules(first: InputRecord | undefined): InputRecord {
  if (first === undefined) throw new Error('Expected a command, but none came yet');
  const command = { type: 'UseRules', version: currentRules, requestId: '', identity: 'scheduler' } as const;
  return { ...first, offset: first.offset - 1, value: cluster.codec.encodeCommand(command) };
}

/** An activity of its own, in the given partition where one is given. */
function newActivity(partition?: number): ExecutionId {
  for (;;) {
    const id = { namespace, workflowId: '', runId: randomUUID(), activityId: randomUUID() };
    if (partition === undefined || partitionFor(partitionKey(id), partitions) === partition) return id;
  }
}

const scheduleOf = (target: ExecutionId): CommandDraftOf<'Schedule'> => ({
  type: 'Schedule',
  target,
  requestId: randomUUID(),
  identity: 'test',
  activityType: 'charge',
  options: { taskQueue: 'payments', scheduleToCloseTimeoutMs: 600_000 },
  input: [],
  header: {},
  idReusePolicy: 'allow-duplicate',
  idConflictPolicy: 'fail',
  shielded: false,
  retentionMs: millis(600_000),
  awaitOutcome: false,
});

const sent = (): { readonly requestId: string; readonly identity: string } => ({
  requestId: randomUUID(),
  identity: 'test',
});

const isAccepted = ({ body }: CommandReply): boolean => body.type === 'Accepted';

describe('a record that cannot be handled goes to its dead-letter topic with the reason, and stops nothing', () => {
  test.each([
    { topic: topics.commands, what: 'bytes that are no Avro', value: Buffer.from('poison') },
    { topic: topics.queries, what: 'bytes that are no Avro', value: Buffer.from('poison') },
    { topic: topics.commands, what: 'a schema that nobody registered', value: Buffer.from([0, 0x7f, 0, 0, 1, 2, 3]) },
    { topic: topics.queries, what: 'a tombstone', value: null },
  ])('$what in $topic', async ({ topic, value }) => {
    const dead = await recordsOf(deadLetterTopic(topic), 0);
    const key = uniqueName('poison');

    await outbox.send({ topic, partition: 1, key, value });

    await eventually(() => dead.some((record) => record.key === key));
    const letter = dead.find((record) => record.key === key);
    expect(letter?.value).toEqual(value);
    expect(String(letter?.headers['ratchet-dlq-reason'])).not.toBe('');
    expect(isAccepted(await requests.channel.request(scheduleOf(newActivity(1))))).toBe(true);
  });

  test('a command in a partition that its key does not belong to is answered, too', async () => {
    const dead = await recordsOf(deadLetterTopic(topics.commands), 0);
    const replies = await recordsOf(topics.replies, 3);
    const target = newActivity(2);
    const replyTo = { partition: 3, address: uniqueName('address') };
    const value = cluster.codec.encodeCommand({ ...scheduleOf(target), replyTo });

    await outbox.send({ topic: topics.commands, partition: 1, key: partitionKey(target), value });

    await eventually(() => dead.some(({ key }) => key === partitionKey(target)));
    await eventually(() => replies.some(({ key }) => key === replyTo.address));
    const reply = await cluster.codec.decodeReply(
      replies.find(({ key }) => key === replyTo.address)?.value ?? Buffer.alloc(0),
    );
    expect(reply.body).toMatchObject({ type: 'Refused', refusal: { reason: 'wrong-partition' } });
  });
});

test('replaying the log gives the state that was committed (P7)', async () => {
  const partition = 0;
  const commands = await recordsOf(topics.commands, partition);
  const open = await recordsOf(topics.executions, partition);
  const closed = await recordsOf(topics.outcomes, partition);
  const request = requests.channel;
  for (let n = 0; n < 40; n++) {
    const target = newActivity(partition);
    await request.request(scheduleOf(target));
    const attempt = { by: 'id' } as const;
    if (n % 4 === 0) await request.request({ type: 'Complete', target, attempt, result: [], ...sent() });
    if (n % 4 === 1) await request.request({ type: 'RequestCancel', target, reason: 'r', cascaded: false, ...sent() });
    if (n % 4 === 2) await request.request({ type: 'Terminate', target, reason: 'r', ...sent() });
  }
  await ratchet.services.scheduler.kill('SIGKILL');
  await ratchet.services.scheduler.ready();
  await request.request(scheduleOf(newActivity(partition)));

  await eventually(async () => {
    const replayed = newLogic(partition);
    for (const record of [underCurrentRules(commands[0]), ...commands])
      replayed.handle(record, await replayed.decode(record));
    const restored = newLogic(partition);
    for (const record of [...open, ...closed]) await restored.restore(record);
    expect(closed.length).toBeGreaterThan(0);
    await restored.restored();
    expect(replayed.stateHash()).toBe(restored.stateHash());
    expect(commands.length).toBeGreaterThanOrEqual(71);
  });
});

test('a question that finds the scheduler behind is answered from all that stood in the log before', async () => {
  const partition = 3;
  const replies = await recordsOf(topics.replies, 5);
  await ratchet.services.scheduler.stop();
  // Enough for a question to come by before they are decided.
  const targets = Array.from({ length: 3_000 }, () => newActivity(partition));
  const place = { topic: topics.commands, partition };
  await Promise.all(
    targets.map((target) => {
      const value = cluster.codec.encodeCommand(scheduleOf(target));
      return outbox.send({ ...place, key: partitionKey(target), value });
    }),
  );
  const target = targets.at(-1) ?? newActivity();
  const replyTo = { partition: 5, address: uniqueName('asker') };
  // Of an asker who has heard nothing of this partition, but perhaps of this activity.
  const query = { type: 'Describe', target, requestId: randomUUID(), replyTo, seenOffset: -1 } as const;
  await outbox.send({
    topic: topics.queries,
    partition,
    key: partitionKey(target),
    value: cluster.codec.encodeQuery(query),
  });

  await ratchet.services.scheduler.restart();

  await eventually(() => replies.some(({ key }) => key === replyTo.address), { deadlineMs: 60_000 });
  const answer = replies.find(({ key }) => key === replyTo.address)?.value ?? Buffer.alloc(0);
  expect((await cluster.codec.decodeReply(answer)).body).toMatchObject({
    type: 'Described',
    description: { id: target },
  });
});

function newLogic(partition: number): SchedulerLogic {
  const signer = createTokenSigner('replay');
  const taskTopics = topicsOf();
  const context = { partition, send: () => undefined };
  const parts = { onDropped: (): void => undefined, log: (): void => undefined };
  return new SchedulerLogic({ context, partitions, codec: cluster.codec, signer, taskTopics, ...parts });
}
