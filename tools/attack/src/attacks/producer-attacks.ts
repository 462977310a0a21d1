import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { epochMillis, millis, partitionKey, type Command, type ExecutionId } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import { readTopic } from '@ratchet/kafka/testing';
import { connectCluster, openRequestChannel, type Cluster, type RequestChannel } from '@ratchet/protocol';
import { deadLetterTopic, subjects, topics } from '@ratchet/schemas';
import { namespaces, type Attack, type Target } from '../target.ts';
import { call } from './raw-http.ts';

// What someone can do who may write to Kafka.

const namespace = namespaces.attacker;
const sender = () => ({ requestId: randomUUID(), identity: 'attacker' });
const standalone = (activityId: string): ExecutionId => ({ namespace, workflowId: '', runId: '', activityId });

/** A producer on the target's Kafka. */
interface Producer {
  readonly cluster: Cluster;
  send(record: Parameters<ReturnType<Cluster['createOutbox']>['send']>[0]): Promise<unknown>;
  command(target: ExecutionId, value: Buffer, headers?: Readonly<Record<string, string>>): Promise<unknown>;
}

async function produce<T>({ brokers, registryUrl }: Target, work: (producer: Producer) => Promise<T>): Promise<T> {
  const cluster = await connectCluster({ brokers, registry: registryUrl, clientId: 'attack', createTopics: false });
  const outbox = cluster.createOutbox();
  try {
    return await work({
      cluster,
      send: (record) => outbox.send(record),
      command: (target, value, headers = {}) => {
        const key = partitionKey(target);
        return outbox.send({
          topic: topics.commands,
          key,
          partition: partitionFor(key, cluster.partitions),
          value,
          headers,
        });
      },
    });
  } finally {
    await outbox.close();
    await cluster.close();
  }
}

const schedule = (target: ExecutionId): Command => ({
  type: 'Schedule',
  ...sender(),
  target: { ...target, runId: target.runId === '' ? randomUUID() : target.runId },
  activityType: 'nothing',
  options: { taskQueue: 'nobody', scheduleToCloseTimeoutMs: 3_600_000 },
  input: [],
  header: {},
  idReusePolicy: 'allow-duplicate',
  idConflictPolicy: 'fail',
  shielded: false,
  retentionMs: millis(3_600_000),
  awaitOutcome: false,
});

const until = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => {
      resolve();
    });
  });

const deadLetterMsMax = 20_000;

/** @returns how many of these keys are in the dead-letter topic, once all are or after a while. */
async function deadLetters({ cluster }: Producer, topic: string, keys: readonly string[]): Promise<number> {
  const giveUpAt = performance.now() + deadLetterMsMax;
  for (;;) {
    const records = await readTopic(cluster.connection, deadLetterTopic(topic));
    const found = keys.filter((wanted) => records.some(({ key }) => key === wanted)).length;
    if (found === keys.length || performance.now() > giveUpAt) return found;
    await pause(1_000);
  }
}

async function unlessDeadLettered(
  producer: Producer,
  topic: string,
  keys: readonly string[],
): Promise<string | undefined> {
  const count = await deadLetters(producer, topic, keys);
  return count === keys.length ? undefined : `${String(count)} of ${String(keys.length)} records are dead letters`;
}

/** Avro's long: zigzag, seven bits a byte. */
function avroLong(value: bigint): Buffer {
  const bytes: number[] = [];
  let rest = value << 1n;
  for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}

/** Registers a schema that is one of ours and an array of nulls, under a subject of one's own. @returns its id. */
async function bombSchema({ registryUrl }: Target, record: string): Promise<number> {
  const ours = JSON.parse(subjects.find((subject) => subject.record === record)?.schema ?? '{}') as {
    fields: object[];
  };
  const fields = [...ours.fields, { name: 'bomb', type: { type: 'array', items: 'null' } }];
  const { text } = await call(`${registryUrl}/subjects/evil-${record}/versions`, {
    body: { schema: JSON.stringify({ ...ours, fields }) },
  });
  return (JSON.parse(text) as { id: number }).id;
}

/** 28 bytes that claim so many items of none. */
function bombOf(good: Buffer, schemaId: number, itemCount: bigint): Buffer {
  const bomb = Buffer.concat([good, avroLong(itemCount), avroLong(0n)]);
  bomb.writeUInt32BE(schemaId, 1);
  return bomb;
}

const itemCount = 4_000_000_000_000_000n;

const commandBomb: Attack = {
  about: 'commands under a schema of their own, which claim 4e15 items that take no bytes',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const schemaId = await bombSchema(target, 'ActivityCommand');
      const ids = Array.from({ length: 8 }, (_, index) => standalone(`bomb-${String(index)}`));
      for (const id of ids) {
        const good = producer.cluster.codec.encodeCommand({ type: 'Terminate', ...sender(), target: id, reason: '' });
        await producer.command(id, bombOf(good, schemaId, itemCount));
        told.add('sent');
      }
      await until(signal);
      return unlessDeadLettered(producer, topics.commands, ids.map(partitionKey));
    }),
};

const completionBomb: Attack = {
  about: 'completion events under a schema of their own, which claim 4e15 items that take no bytes',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const { codec, partitions } = producer.cluster;
      const schemaId = await bombSchema(target, 'CompletionEvent');
      const keys = Array.from({ length: 4 }, (_, index) => partitionKey(standalone(`event-bomb-${String(index)}`)));
      for (const key of keys) {
        const body = { type: 'Completed', result: [] } as const;
        const good = codec.encodeCompletionEvent({ eventId: key, source: 'x', target: standalone(key), body });
        const value = bombOf(good, schemaId, itemCount);
        await producer.send({ topic: topics.completions, key, partition: partitionFor(key, partitions), value });
        told.add('sent');
      }
      await until(signal);
      return unlessDeadLettered(producer, topics.completions, keys);
    }),
};

const headerCount = 8_000;

const manyHeaders: Attack = {
  about: 'records with 8,000 headers, as commands and as completion events',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const headers = Object.fromEntries(Array.from({ length: headerCount }, (_, index) => [`h${String(index)}`, 'x']));
      const { partitions } = producer.cluster;
      for (let count = 0; count < 20 && !signal.aborted; count++) {
        const id = standalone(`headers-${String(count)}`);
        const key = partitionKey(id);
        await producer.command(id, Buffer.from('no command'), headers);
        const place = { topic: topics.completions, key, partition: partitionFor(key, partitions) };
        await producer.send({ ...place, value: Buffer.from('no event'), headers });
        told.add('sent');
      }
      await until(signal);
      const last = partitionKey(standalone('headers-0'));
      return unlessDeadLettered(producer, topics.commands, [last]);
    }),
};

/** Ids of workflows, one in each partition. */
function workflowIds(partitions: number): readonly string[] {
  const ids = new Map<number, string>();
  for (let number = 0; ids.size < partitions; number++) {
    const workflowId = `forged-${String(number)}`;
    ids.set(partitionFor(partitionKey({ namespace, workflowId, activityId: '' }), partitions), workflowId);
  }
  return [...ids.values()];
}

/** @returns whether an activity of a run ends when the run is cancelled. */
async function isCancelled(channel: RequestChannel, workflowId: string): Promise<boolean> {
  const run = { namespace, workflowId, runId: randomUUID() };
  const target = { ...run, activityId: 'a' };
  await channel.request({ type: 'OpenRun', ...sender(), run, retentionMs: millis(3_600_000) });
  const { replyTo: _, ...draft } = schedule(target) as Extract<Command, { readonly type: 'Schedule' }>;
  await channel.request(draft);
  await channel.request({ type: 'RequestCancelRun', ...sender(), run, reason: 'to see whether it works' });
  for (let count = 0; count < 40; count++) {
    const { body } = await channel.describe(target, randomUUID());
    if (body.type === 'Described' && body.description.status === 'canceled') return true;
    await pause(250);
  }
  return false;
}

const forgedForward: Attack = {
  about: 'commands that say they were forwarded from offset 4e15',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const ids = workflowIds(producer.cluster.partitions);
      for (const workflowId of ids) {
        const of = { namespace, workflowId, runId: randomUUID(), activityId: 'nothing' };
        const forwardedFrom = { offset: 4e15, index: 0, appendedAt: epochMillis(0) };
        const command = { type: 'Terminate', ...sender(), target: of, reason: '', forwardedFrom } as const;
        await producer.command(of, producer.cluster.codec.encodeCommand(command));
        told.add('sent');
      }
      await until(signal);
      const { channel, close } = await openRequestChannel(producer.cluster);
      const cancelled = await Promise.all(ids.map((workflowId) => isCancelled(channel, workflowId)));
      await close();
      const count = cancelled.filter((each) => !each).length;
      return count === 0 ? undefined : `cancellation is dead in ${String(count)} partitions`;
    }),
};

const replyAddresses: Attack = {
  about: 'commands whose answers are to go to an address of 3.5 MB',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const replyTo = { partition: 0, address: 'x'.repeat(3_500_000) };
      for (let count = 0; count < 8 && !signal.aborted; count++) {
        const id = standalone(`address-${String(count)}`);
        await producer.command(id, producer.cluster.codec.encodeCommand({ ...schedule(id), replyTo }));
        told.add('sent');
      }
      await until(signal);
      return undefined;
    }),
};

const noticeCount = 3_000;
const settledMsMax = 30_000;

const forgedNotices: Attack = {
  about: '3,000 notices to workers that are nobody, about attempts that last until 2096',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const { codec, partitions } = producer.cluster;
      const overAt = epochMillis(Date.UTC(2096, 0, 1));
      for (let count = 0; count < noticeCount; count++) {
        const id = { ...standalone(`notice-${String(count)}`), runId: randomUUID() };
        const key = partitionKey(id);
        const attempt = { id, scheduleOffset: 1, attempt: 1, stamp: 1, decidedOffset: 4e15 };
        const workerAddress = { partition: 0, address: 'nobody' };
        const notice = {
          type: 'NotifyWorker',
          workerAddress,
          reason: 'not-found',
          overAt,
          sentCount: 0,
          ...attempt,
        } as const;
        const value = codec.encodeCancellation(notice);
        await producer.send({ topic: topics.cancellations, key, partition: partitionFor(key, partitions), value });
        told.add('sent');
      }
      await until(signal);
      const giveUpAt = performance.now() + settledMsMax;
      let pending = Infinity;
      while (pending > 0 && performance.now() < giveUpAt) {
        pending = await gauge(target.metricsUrls['cancellation'] ?? '', 'ratchet_notices_pending');
        await pause(1_000);
      }
      return pending === 0 ? undefined : `${String(pending)} of them are still repeated`;
    }),
};

async function gauge(url: string, name: string): Promise<number> {
  const { text } = await call(url);
  const line = text.split('\n').find((each) => each.startsWith(name));
  return Number(line?.split(' ').at(-1) ?? Infinity);
}

const forgedClaim: Attack = {
  about: "a claim and a completion of a neighbour's attempt, by a token that nobody was given",
  run: (target, told, signal) =>
    produce(target, async ({ cluster }) => {
      const activityId = `victim-${randomUUID()}`;
      const url = `${target.httpUrl}/api/v1/namespaces/${namespaces.neighbour}/activities`;
      const timeouts = { scheduleToClose: '1h' };
      await call(url, { key: target.rootKey, body: { activityId, activityType: 'x', taskQueue: 'nobody', timeouts } });
      const { channel, close } = await openRequestChannel(cluster);
      const of = { namespace: namespaces.neighbour, workflowId: '', runId: '', activityId };
      const described = await channel.describe(of, randomUUID());
      if (described.body.type !== 'Described') throw new Error('Expected the victim to be there, but it is not');
      const { scheduleOffset } = described.body.description;
      const attempt = { by: 'token', scheduleOffset, attempt: 1, stamp: 1 } as const;
      const claim = await channel.request({ type: 'Claim', ...sender(), target: of, attempt, claimId: randomUUID() });
      const complete = await channel.request({ type: 'Complete', ...sender(), target: of, attempt, result: [] });
      told.add(`claim: ${claim.body.type}`);
      told.add(`completion: ${complete.body.type}`);
      await close();
      await until(signal);
      return told.count('completion: Accepted') === 0 ? undefined : 'it was completed by a stranger';
    }),
};

const undecodable: Attack = {
  about: 'noise in the topics of replies, to whoever listens there, and of namespaces',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      const replies = await readTopic(producer.cluster.connection, topics.replies);
      const listeners = replies.slice(-5).map(({ key, partition }) => ({ topic: topics.replies, key, partition }));
      const others = [1, 2, 3].map((number) => ({
        topic: topics.namespaces,
        key: `noise-${String(number)}`,
        partition: 0,
      }));
      for (let count = 0; count < 20; count++) {
        for (const place of [...listeners, ...others]) {
          await producer.send({ ...place, value: randomBytes(200) });
          told.add('sent');
        }
      }
      await until(signal);
      const found = await Promise.all(
        [listeners, others].map((places) =>
          unlessDeadLettered(
            producer,
            places[0]?.topic ?? '',
            places.map(({ key }) => key ?? ''),
          ),
        ),
      );
      return found.find((each) => each !== undefined);
    }),
};

const garbageCommands: Attack = {
  about: 'noise in the topic of commands, 500 records a second',
  run: (target, told, signal) =>
    produce(target, async (producer) => {
      while (!signal.aborted) {
        const ids = Array.from({ length: 50 }, (_, index) => standalone(`garbage-${String(index)}`));
        await Promise.all(ids.map((id) => producer.command(id, randomBytes(300))));
        told.add('sent 50');
        await pause(100);
      }
      return unlessDeadLettered(producer, topics.commands, [partitionKey(standalone('garbage-0'))]);
    }),
};

export const producerAttacks = {
  'command-bomb': commandBomb,
  'completion-bomb': completionBomb,
  'many-headers': manyHeaders,
  'forged-forward': forgedForward,
  'reply-addresses': replyAddresses,
  'forged-notices': forgedNotices,
  'forged-claim': forgedClaim,
  undecodable,
  'garbage-commands': garbageCommands,
} as const satisfies Readonly<Record<string, Attack>>;
