import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { limitsFor } from '../limits/limits.fixture.ts';
import { EarlyAnswers } from './early-answers.ts';

const { refuseUnreadable } = new EarlyAnswers(limitsFor().refused);
const server = createServer().on('clientError', refuseUnreadable);
beforeAll(() => new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve)));
afterAll(() => server.close());

/** What comes back for these bytes until the connection is closed. */
async function exchanged(bytes: string): Promise<{ readonly head: string; readonly body: string }> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  socket.write(bytes);
  const [head = '', body = ''] = (await text(socket)).split('\r\n\r\n');
  return { head, body };
}

const frame = `/${'a'.repeat(20_000)} HTTP/1.1\r\nHost: door\r\n\r\n`;

test('431 says how much is too much', async () => {
  const { head, body } = await exchanged(`GET ${frame}`);
  expect(head).toMatch(/^HTTP\/1.1 431 Request Header Fields Too Large\r\n/);
  expect(JSON.parse(body)).toMatchObject({ status: 431, detail: expect.stringContaining('16384 bytes') as string });
});

test('the answer to HEAD has no body', async () => {
  const { head, body } = await exchanged(`HEAD ${frame}`);
  expect([head.slice(0, 12), body]).toEqual(['HTTP/1.1 431', '']);
});

test('400 of what is no request at all', async () => {
  const { body } = await exchanged('POST nonsense\r\n\r\n');
  expect(JSON.parse(body)).toMatchObject({ type: 'about:blank', status: 400 });
});
