import { randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { CancelledFailure } from '@ratchet/worker';
import { MockActivityEnvironment } from '@ratchet/worker/testing';
import { encryption } from './encryption.ts';
import { importRows, stored } from './import-rows.ts';

describe('the activity that docs/libraries.md shows', () => {
  /** Has the rows 0 to 3; asks who wants row 9 to wait. */
  const server = createServer(({ url = '' }, response) => {
    const row = Number(url.slice('/rows/'.length));
    if (row === 9) response.writeHead(429, { 'retry-after': '7' });
    else if (row > 3) response.writeHead(404);
    response.end(`row ${String(row)}`);
  });
  let url: string;
  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/rows`;
  });
  afterAll(() => server.close());
  beforeEach(() => {
    stored.clear();
  });

  test('goes on where the attempt before it came to', async () => {
    const environment = new MockActivityEnvironment({ attempt: 2, heartbeatDetails: { row: 2 } });
    await expect(environment.run(importRows, url)).resolves.toBe(4);
    expect([...stored.keys()]).toEqual([2, 3]);
    expect(environment.heartbeats).toEqual([{ row: 3 }, { row: 4 }]);
  });

  test('stops between two rows', async () => {
    const environment = new MockActivityEnvironment();
    environment.onHeartbeat(() => {
      environment.cancel();
    });
    await expect(environment.run(importRows, url)).rejects.toThrow(CancelledFailure);
    expect([...stored.keys()]).toEqual([0]);
  });

  test('says when it is worth another try', async () => {
    const environment = new MockActivityEnvironment({ heartbeatDetails: { row: 9 } });
    const expected = { nextRetryDelay: '7s', category: 'benign', nonRetryable: false };
    await expect(environment.run(importRows, url)).rejects.toMatchObject(expected);
  });
});

test('the codec that docs/libraries.md shows gives back what it was given, and shows nothing of it', async () => {
  const codec = encryption(randomBytes(32));
  const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"4242"') };
  const [encoded] = await codec.encode([payload]);
  if (encoded === undefined) throw new Error('Expected to get one payload, but there is none');
  expect(Buffer.from(encoded.data).includes('4242')).toBe(false);
  expect(await codec.decode([encoded])).toEqual([payload]);
  expect(await codec.decode([payload])).toEqual([payload]);
});
