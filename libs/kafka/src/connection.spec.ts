import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { jest } from '@jest/globals';
import { connectKafka } from './connection.ts';

afterEach(() => {
  jest.useRealTimers();
});

test('what takes connections and does not speak Kafka is given up after 15 s, and let go of', async () => {
  const server = createServer((socket) => socket.resume().on('error', () => undefined));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = `127.0.0.1:${String((server.address() as AddressInfo).port)}`;
  jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask', 'performance'] });

  const refused = expect(connectKafka({ brokers: [address], clientId: 'lost' })).rejects.toThrow(
    `[RKT1001] Expected to reach Kafka at ${address}, but no broker answers ` +
      `(nothing there has spoken Kafka's protocol within 15 s: is it another server's port?)`,
  );
  const [socket] = (await once(server, 'connection')) as [Socket];
  const released = once(socket, 'close');
  await jest.advanceTimersByTimeAsync(15_000);
  await jest.advanceTimersByTimeAsync(1_000);
  await Promise.all([refused, released]);
  server.close();
});
