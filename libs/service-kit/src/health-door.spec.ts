import { once } from 'node:events';
import { connect, type AddressInfo, type Socket } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { guardHealthDoor, healthConnectionsMax, healthServerOptions } from './health-door.ts';

let door: FastifyInstance;
const sockets: Socket[] = [];

beforeEach(async () => {
  door = fastify({ ...healthServerOptions, forceCloseConnections: true });
  guardHealthDoor(door);
  door.get('/metrics', () => 'up 1');
  await door.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy();
  await door.close();
});

async function opened(): Promise<Socket> {
  const socket = connect((door.server.address() as AddressInfo).port, '127.0.0.1');
  sockets.push(socket.on('error', () => undefined));
  await once(socket, 'connect');
  return socket;
}

/** What is answered until the connection is closed. */
async function answerTo(request: string): Promise<string> {
  const socket = await opened();
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString())).write(request);
  await once(socket, 'close');
  return answer.split('\r\n')[0] ?? '';
}

test.each([
  { what: 'a long body', head: 'POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000' },
  { what: 'one of no length', head: 'POST /metrics HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked' },
  { what: 'one with GET', head: 'GET /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 5' },
  { what: 'one to nowhere', head: 'PUT /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 5' },
])('who sends $what is answered before it is there, and the connection is closed', async ({ head }) => {
  expect(await answerTo(`${head}\r\n\r\n`)).toBe('HTTP/1.1 413 Payload Too Large');
});

test('who opens connections keeps nobody out: the one that was opened first gives way', async () => {
  const first = await opened();
  const closed = once(first, 'close');
  for (let count = 0; count < healthConnectionsMax; count++) await opened();
  await closed;
  const { port } = door.server.address() as AddressInfo;
  expect(await (await fetch(`http://127.0.0.1:${String(port)}/metrics`)).text()).toBe('up 1');
});
