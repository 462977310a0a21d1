import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { eventually } from '@ratchet/testing';
import { copy } from './index.ts';

interface Connection {
  connect(): Promise<unknown>;
  disconnect(): Promise<unknown>;
  send(request: object): Promise<unknown>;
  sendAuthRequest(request: object): Promise<unknown>;
}
const Connection = copy.load('network/connection.js') as new (options: object) => Connection;

let server: Server;
let accepted: Socket[];
let connection: Connection;

const silent = { debug: () => undefined, error: () => undefined, warn: () => undefined };
const Encoder = copy.load('protocol/encoder.js') as new () => object;
/** Whatever is asked: the answer is read as text. */
const request = {
  request: { apiKey: 99, apiName: 'Test', apiVersion: 0, encode: () => Promise.resolve(new Encoder()) },
  response: { decode: (bytes: Buffer) => Promise.resolve({ text: bytes.toString() }), parse: (data: object) => data },
};
const answer = (correlationId: number, text: string): Buffer => {
  const frame = Buffer.alloc(8 + text.length);
  frame.writeInt32BE(4 + text.length);
  frame.writeInt32BE(correlationId, 4);
  frame.write(text, 8);
  return frame;
};

beforeEach(async () => {
  accepted = [];
  server = createServer((socket) => void accepted.push(socket.on('error', () => undefined)));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as { port: number };
  const { createSocket } = await import('./socket-factory.ts');
  connection = new Connection({
    host: '127.0.0.1',
    port,
    logger: { namespace: () => silent },
    socketFactory: createSocket,
    requestTimeout: 300,
    connectionTimeout: 1000,
  });
});
afterEach(async () => {
  for (const socket of accepted) socket.destroy();
  await connection.disconnect();
  server.close();
});

test('what was left of an unfinished answer is forgotten with its socket', async () => {
  await connection.connect();
  const cut = connection.send(request);
  await eventually(() => accepted.length === 1);
  accepted[0]?.write(answer(0, 'cut off in the middle').subarray(0, 15));
  await new Promise((resolve) => setTimeout(resolve, 30));
  accepted[0]?.destroy();
  await expect(cut).rejects.toThrow(/closed|Connection/i);

  await eventually(async () => {
    await connection.connect();
    return accepted.length === 2;
  });
  const whole = connection.send(request);
  accepted[1]?.once('data', () => accepted[1]?.write(answer(1, 'whole')));
  await expect(whole).resolves.toEqual({ text: 'whole' });
});

test('two that find it closed open one socket', async () => {
  await Promise.all([connection.connect(), connection.connect()]);
  await new Promise((resolve) => setTimeout(resolve, 30));
  expect(accepted).toHaveLength(1);
});

test('when an answer is overdue, the socket is closed, and what waits behind it fails at once', async () => {
  await connection.connect();
  await eventually(() => accepted.length === 1);
  const closed = accepted.map((socket) => once(socket.resume(), 'close'));
  const first = connection.send(request);
  const second = connection.send(request);
  await expect(first).rejects.toThrow('timed out');
  await expect(second).rejects.toThrow();
  await Promise.all(closed);
});

test('who falls silent while it authenticates is not waited for without end', async () => {
  await connection.connect();
  await eventually(() => accepted.length === 1);
  accepted[0]?.resume();
  const authenticating = connection.sendAuthRequest({
    request: { encode: () => Promise.resolve(Buffer.from('secret')) },
    response: { decode: () => Promise.resolve({}), parse: () => ({}) },
  });
  await expect(authenticating).rejects.toThrow('Timed out while authenticating');
});
