import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { registryAddress } from './registry-address.ts';
import { RegistryClient } from './registry-client.ts';

let answer: { readonly status?: number; readonly body: object } = { body: {} };
const server = createServer((_, response) => {
  response.writeHead(answer.status ?? 200, { 'content-type': 'application/json' });
  response.end(JSON.stringify(answer.body));
});
beforeAll(() => once(server.listen(0, '127.0.0.1'), 'listening'));
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
const client = (): RegistryClient =>
  new RegistryClient(registryAddress(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`), 5_000);

test('a schema is taken as it was registered', async () => {
  answer = { body: { schema: '"string"' } };
  expect(await client().schemaOf(5)).toBe('"string"');
  answer = { status: 404, body: { error_code: 40403, message: 'Schema not found' } };
  expect(await client().schemaOf(5)).toBeUndefined();
});

test.each([{ schema: 'syntax = "proto3";', schemaType: 'PROTOBUF' }, { schema: 7 }, {}])(
  'what is no schema of Avro is none that can be read: %j',
  async (body) => {
    answer = { body };
    await expect(client().schemaOf(5)).rejects.toThrow('schema 5 is not one of Avro');
  },
);

test('an answer of megabytes is not read, whoever has registered it', async () => {
  answer = { body: { schema: 'x'.repeat(2_000_000) } };
  await expect(client().schemaOf(5)).rejects.toThrow('schema 5 is too large');
  answer = { body: Array.from({ length: 500_000 }, (_, index) => index) };
  await expect(client().versionsOf('a')).rejects.toMatchObject({
    code: 'RKT1101',
    retryable: false,
    message: expect.stringContaining('more than 1048576 bytes') as string,
  });
});
