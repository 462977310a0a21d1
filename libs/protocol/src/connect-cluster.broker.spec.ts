import { epochMillis, millis, taskTopic } from '@ratchet/domain';
import { connectKafka, ensureTopics } from '@ratchet/kafka';
import { connectBroker, uniqueName } from '@ratchet/testing';
import { topics, topicSpecs } from '@ratchet/schemas';
import { connectCluster, type Cluster, type ClusterOptions } from './connect-cluster.ts';
import { requireNamespace } from './require-namespace.ts';
import type { TokenKey } from './task-token.ts';

const { brokers: brokerList, registryUrl: registry } = connectBroker();
const options: ClusterOptions = {
  brokers: brokerList,
  registry,
  clientId: 'protocol-test',
  createTopics: true,
  partitions: 4,
  replication: 'development',
};

let cluster: Cluster;
beforeAll(async () => {
  cluster = await connectCluster(options);
});
afterAll(() => cluster.close());

test('a service makes all topics, and finds them made', async () => {
  const { connection, partitions } = cluster;
  expect(partitions).toBe(4);
  const names = topicSpecs({ replication: 'development' }).map(({ name }) => name);
  const counts = await Promise.all(names.map((name) => connection.partitionCounts.of(name)));
  expect(counts.every((count) => count > 0)).toBe(true);
  const again = await connectCluster(options);
  await again.close();
});

test('a service that expects other partitions does not start', async () => {
  await expect(connectCluster({ ...options, partitions: 5 })).rejects.toThrow(
    /^\[RKT1302\] .*RATCHET_PARTITIONS is 5 here and 4 there$/,
  );
});

describe('a namespace', () => {
  const register = async (name: string, value: Buffer | null): Promise<void> => {
    const outbox = cluster.createOutbox();
    await outbox.send({ topic: topics.namespaces, key: name, partition: 0, value });
    await outbox.close();
  };

  test('that is registered is found, and the default one is there from the start', async () => {
    const name = uniqueName('registered');
    const namespace = { name, id: name, description: '', retentionMs: millis(60_000), registeredAt: epochMillis(0) };
    await register(name, cluster.codec.encodeNamespace({ ...namespace, limits: { requestsPerSecondMax: 0 } }));
    await requireNamespace(cluster, name);
    await requireNamespace(cluster, 'default');
    await register(name, null);
    await expect(requireNamespace(cluster, name)).rejects.toMatchObject({ code: 'RKT1304' });
  });

  test('that is not is told by its name', async () => {
    await expect(requireNamespace(cluster, 'defualt')).rejects.toThrow(
      /^\[RKT1304\] Expected to find the namespace "defualt" at .*, but nobody has registered it$/,
    );
  });
});

describe('the keys of a cluster', () => {
  /** That of the services which other tests start on this broker. */
  const former = { id: '', secret: 'a secret for development only, known to everyone' };
  const next = { id: 'next', secret: 'a secret that is to replace the former one' };
  const join = async (...tokenKeys: readonly TokenKey[]): Promise<void> => {
    const joined = await connectCluster({ ...options, tokenKeys });
    await joined.close();
  };

  test('may be changed one service after the other', async () => {
    for (const keys of [[former], [former, next], [former], [next, former], [next], [next, former], [former]]) {
      await join(...keys);
    }
  });

  test('of a service that has none of them keep it from starting, and are not shown', async () => {
    await join(former);
    const refused: unknown = await join(next).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'RKT1302', retryable: false });
    expect(String(refused)).toMatch(/no key in common \(fingerprints here: [\da-f]{16}; there: [\da-f]{16}\)/);
    expect(String(refused)).not.toContain(next.secret);
    await join();
    await join(former);
  });

  test('are told apart by their ids, too: tokens name them', async () => {
    await join(former);
    await expect(join({ ...former, id: 'other' })).rejects.toMatchObject({ code: 'RKT1302' });
  });
});

test('a client takes the cluster as it finds it', async () => {
  const found = await connectCluster({
    brokers: brokerList.join(', '),
    registry,
    clientId: 'client',
    createTopics: false,
  });
  expect(found.partitions).toBe(4);
  await found.close();
});

test.each<{ given: string; wrong: Partial<ClusterOptions>; code: string }>([
  { given: 'no broker answers', wrong: { brokers: 'localhost:1' }, code: 'RKT1001' },
  { given: 'the address of a broker has a password', wrong: { brokers: 'user:pa,ss@b:1' }, code: 'RKT1301' },
  { given: 'there is no address of a broker', wrong: { brokers: ' , ' }, code: 'RKT1301' },
  { given: 'there is no address of a registry', wrong: { registry: '' }, code: 'RKT1301' },
])('when $given the error is $code', async ({ wrong, code }) => {
  await expect(connectCluster({ ...options, createTopics: false, ...wrong })).rejects.toMatchObject({ code });
});

test('the topic of a task queue is made once, with its dead-letter topic, however many ask', async () => {
  const topic = taskTopic('default', uniqueName('queue'));
  await Promise.all([1, 2, 3].map(() => cluster.ensureTaskTopic(topic)));
  await cluster.ensureTaskTopic(`${topic}.dlq`);
  expect(await cluster.connection.partitionCounts.of(topic)).toBeGreaterThan(0);
  expect(await cluster.connection.partitionCounts.of(`${topic}.dlq`)).toBeGreaterThan(0);
  await expect(cluster.connection.partitionCounts.of(`${topic}.dlq.dlq`)).rejects.toMatchObject({ code: 'RKT1004' });
});

test('an outbox makes a task topic that is missing', async () => {
  const outbox = cluster.createOutbox();
  const topic = taskTopic('default', uniqueName('queue'));
  expect(await outbox.send({ topic, key: 'a', value: Buffer.from('b') })).toMatchObject({ offset: 0 });
  expect(
    await outbox.send({ topic: topics.replies, key: 'nobody', partition: 0, value: Buffer.from('b') }),
  ).toMatchObject({ partition: 0 });
  await outbox.close();
});

describe('topics that someone else makes', () => {
  /** An installation of its own, of which nothing is there yet. */
  const ownInstallation = (): ClusterOptions => ({ ...options, prefix: `${uniqueName('p')}.` });

  const makeByHand = async (prefix: string | undefined, but: Readonly<Record<string, string>> = {}): Promise<void> => {
    const connection = await connectKafka({ brokers: brokerList, clientId: 'operator', prefix });
    const specs = topicSpecs({ replication: 'development', partitions: 4, onlyNeeded: true });
    await ensureTopics(
      connection,
      specs.map((spec) => ({ ...spec, config: { ...spec.config, ...but } })),
    );
    await connection.close();
  };

  test.each(['verify', 'trust'] as const)('are not made by a service that is to %s them', async (mode) => {
    const own = ownInstallation();
    await expect(connectCluster({ ...own, topics: mode })).rejects.toMatchObject({ code: 'RKT1004' });
    const connection = await connectKafka({ brokers: brokerList, clientId: 'operator', prefix: own.prefix });
    expect(await connection.admin.listTopics()).toEqual([]);
    await connection.close();
  });

  test('are taken by verify with what they need alone, and so are those of task queues made', async () => {
    const own = ownInstallation();
    await makeByHand(own.prefix);
    const lines: string[] = [];
    const log = (_level: string, message: string): void => void lines.push(message);
    const joined = await connectCluster({ ...own, topics: 'verify', log });
    const topic = taskTopic('default', 'mail');
    await joined.ensureTaskTopic(topic);
    const config = {
      // The broker's own default.
      'compression.type': 'producer',
      'message.timestamp.type': 'LogAppendTime',
      'retention.ms': String(14 * 86_400_000),
    };
    await ensureTopics(joined.connection, [{ name: topic, partitions: 4, replicationFactor: 1, config }]);
    await joined.close();
    const realName = `${String(own.prefix)}${topics.executions}`;
    const ofExecutions = lines.filter((line) => line.includes(`${realName} `));
    expect(ofExecutions).toEqual([expect.stringMatching(/ not as it would be made: .*segment\.bytes=\d+ in place of/)]);
  });

  test('are refused by verify where records would be lost, and taken by trust', async () => {
    const own = ownInstallation();
    await makeByHand(own.prefix, { 'retention.ms': '1000', 'max.message.bytes': '1000000' });
    const refused = connectCluster({ ...own, topics: 'verify' });
    await expect(refused).rejects.toMatchObject({ code: 'RKT1003' });
    await expect(refused).rejects.toThrow(`${topics.commands} with retention.ms=604800000 or more, but it has`);
    await expect(refused).rejects.toThrow(`${topics.replies} with max.message.bytes=16777216 or more, but it has`);
    await (await connectCluster({ ...own, topics: 'trust' })).close();
  });

  test('a record that must have come to more brokers than are to have it is refused', async () => {
    await expect(connectCluster({ ...options, replicationFactor: 1, minInsyncReplicas: 2 })).rejects.toThrow(
      'Expected RATCHET_MIN_INSYNC_REPLICAS to be at most RATCHET_REPLICATION_FACTOR, which is 1, but it is 2',
    );
  });
});
