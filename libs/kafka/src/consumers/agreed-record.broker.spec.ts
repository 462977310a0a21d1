import { connectBroker, uniqueName } from '@ratchet/testing';
import { agreeOnRecord } from './agreed-record.ts';
import { connectKafka, type KafkaConnection } from '../cluster/connection.ts';
import { ensureTopics } from '../cluster/topics.ts';

const { brokers } = connectBroker();
let connections: KafkaConnection[];

beforeAll(async () => {
  connections = await Promise.all(
    [1, 2, 3, 4].map((id) => connectKafka({ brokers, clientId: `agreed-${String(id)}` })),
  );
});
afterAll(() => Promise.all(connections.map((connection) => connection.close())));

test('instances that start at once take turns: no value is lost', async () => {
  const topic = uniqueName('agreed');
  const config = { 'cleanup.policy': 'compact' };
  const spec = { name: topic, partitions: 1, replicationFactor: 1, config };
  await Promise.all(connections.map((connection) => ensureTopics(connection, [spec])));

  const seen: (string | undefined)[] = [];
  const add = (connection: KafkaConnection, id: number): Promise<void> =>
    agreeOnRecord({ connection, topic, key: 'value' }, (current) => {
      const value = current?.toString();
      seen.push(value);
      return Promise.resolve(Buffer.from(`${value ?? ''}${String(id)}`));
    });
  await Promise.all(connections.map(add));

  const ended: string[] = [];
  const [connection] = connections;
  if (connection === undefined) throw new Error('Expected a connection');
  await agreeOnRecord({ connection, topic, key: 'value' }, (current) => {
    ended.push(String(current));
    return Promise.resolve(undefined);
  });
  expect(ended).toHaveLength(1);
  expect(
    Array.from(ended[0] ?? '')
      .toSorted()
      .join(''),
  ).toBe('0123');
  expect(seen.filter((value) => value === undefined).length).toBeGreaterThan(0);
});

test('what the asker throws is thrown, and nothing is written', async () => {
  const topic = uniqueName('agreed');
  const [connection] = connections;
  if (connection === undefined) throw new Error('Expected a connection');
  await ensureTopics(connection, [{ name: topic, partitions: 1, replicationFactor: 1, config: {} }]);
  const refuse = (): Promise<Buffer> => Promise.reject(new Error('refused'));
  await expect(agreeOnRecord({ connection, topic, key: 'value' }, refuse)).rejects.toThrow('refused');
  const [log] = await connection.admin.fetchTopicOffsets(topic);
  expect(log?.high).toBe('0');
});
