import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { eventually } from '@ratchet/testing';
import { connectKafka, KafkaConnection } from './connection.ts';

let server: Server;
let accepted: Socket[];
let tries: number;
let brokers: string[];
let connection: KafkaConnection;

beforeEach(async () => {
  accepted = [];
  tries = 0;
  server = createServer((socket) => void accepted.push(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('Expected a port');
  brokers = [`127.0.0.1:${String(address.port)}`];
  connection = new KafkaConnection({ brokers, clientId: 'test', log: () => ++tries });
});
afterEach(() => {
  jest.useRealTimers();
  for (const socket of accepted) socket.destroy();
  server.close();
});

test.each([
  { broker: 'hangs', begin: () => undefined, isWaiting: () => accepted.length === 2 },
  { broker: 'is gone', begin: () => void server.close(), isWaiting: () => tries > 4 },
])('whoever waits for a broker that $broker gives up when the connection is closed', async ({ begin, isWaiting }) => {
  begin();
  const waiting = [connection.admin, connection.createClient().consumer({ groupId: 'test' })].map((each) =>
    each.connect().then(
      () => 'connected',
      () => 'gave up',
    ),
  );
  await eventually(isWaiting);
  const begun = performance.now();
  await connection.close();
  expect(await Promise.all(waiting)).toEqual(['gave up', 'gave up']);
  expect(performance.now() - begun).toBeLessThan(3_000);
  await expect(connection.partitionCounts.of('test')).rejects.toThrow();
});

test.each([
  ['user:secret@kafka:9092', '***@kafka:9092'],
  ['kafka://user:secret@kafka:9092', 'kafka://***@kafka:9092'],
  ['http://kafka:9092', 'http://kafka:9092'],
  ['kafka', 'kafka'],
])('%s is no address of a broker, and no password is shown', async (given, shown) => {
  const message = `[RKT1301] Expected the addresses of brokers as host:port, separated by commas, but got '${shown}'`;
  await expect(connectKafka({ brokers: given.split(','), clientId: 'test' })).rejects.toThrow(message);
});

test('what takes connections and does not speak Kafka is given up after 15 s, and let go of', async () => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });
  const refused = expect(connectKafka({ brokers, clientId: 'lost' })).rejects.toThrow(
    `[RKT1001] Expected to reach Kafka at ${brokers.join(', ')}, but no broker answers ` +
      `(nothing there has spoken Kafka's protocol within 15 s: is it another server's port?)`,
  );
  const [socket] = (await once(server, 'connection')) as [Socket];
  const released = once(socket.resume(), 'close');
  await jest.advanceTimersByTimeAsync(15_000);
  await jest.advanceTimersByTimeAsync(1_000);
  await Promise.all([refused, released]);
});
