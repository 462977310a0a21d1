import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { awaitAnswer, brokerCount, metadataRequest, registryAnswers, splitAddress } from './answers.ts';
import { requireAnswers } from './environment.ts';
import { javaVersion } from './jars.ts';
import { lives, startOf } from './folder-lock.ts';

describe('splitAddress', () => {
  it.each([
    ['localhost:9092', ['localhost', 9092]],
    [' 127.0.0.1:1 ', ['127.0.0.1', 1]],
    ['[::1]:9092', ['::1', 9092]],
  ])('reads %s', (address, parts) => {
    expect(splitAddress(address)).toEqual(parts);
  });

  it.each(['', 'localhost', 'localhost:', ':9092', '::1:9092'])('refuses "%s"', (address) => {
    expect(() => splitAddress(address)).toThrow(/as host:port/);
  });
});

/** What `ask` says of a server that answers so. */
async function at(answer: RequestListener, ask: (port: number) => Promise<unknown>): Promise<unknown> {
  const server = createServer(answer);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    return await ask((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

describe('a registry', () => {
  it.each([
    ['answers whoever asks', 200, true],
    ['wants to know who asks', 401, true],
    ['does not let in who asks', 403, true],
    ['is another server', 404, false],
    ['has no answer yet', 503, false],
  ])('that %s: %d', async (_, status, isThere) => {
    const asked = (port: number): Promise<boolean> => registryAnswers(`http://127.0.0.1:${String(port)}`);
    expect(await at((_request, response) => response.writeHead(status).end(), asked)).toBe(isThere);
  });

  it('is asked by user and password of its address', async () => {
    let seen: string | undefined;
    const answer: RequestListener = ({ headers }, response) => {
      seen = headers.authorization;
      response.end();
    };
    await at(answer, (port) => registryAnswers(`http://ada:a%40b@127.0.0.1:${String(port)}/`));
    expect(seen).toBe(`Basic ${Buffer.from('ada:a@b').toString('base64')}`);
  });
});

it('a Kafka that asks who comes is there when it takes connections', async () => {
  const asked = (port: number): Promise<void> => {
    const address = `127.0.0.1:${String(port)}`;
    const given = { brokers: address, registryUrl: `http://ada:hunter2@${address}` };
    return requireAnswers(given, { RATCHET_KAFKA_SASL_MECHANISM: 'plain' });
  };
  expect(await at((_request, response) => response.end(), asked)).toBeUndefined();
});

describe('the metadata request', () => {
  it('says its own length, asks for metadata in version 1, and for no topics', () => {
    const request = metadataRequest();
    expect(request.readInt32BE(0)).toBe(request.length - 4);
    expect([request.readInt16BE(4), request.readInt16BE(6)]).toEqual([3, 1]);
    expect(request.readInt32BE(request.length - 4)).toBe(0);
  });

  it('is answered with how many brokers there are', () => {
    expect(brokerCount(Buffer.from([0, 0, 0, 1, 0, 0, 0, 3]))).toBe(3);
  });
});

describe('awaitAnswer', () => {
  it('gives up at once when what is awaited is gone', async () => {
    await expect(
      awaitAnswer(
        () => Promise.resolve(false),
        60_000,
        () => true,
      ),
    ).resolves.toBe(false);
  });

  it('is true when there is an answer', async () => {
    await expect(awaitAnswer(() => Promise.resolve(true), 60_000)).resolves.toBe(true);
  });
});

describe('javaVersion', () => {
  it.each([
    ['openjdk version "17.0.15" 2025-04-15', 17],
    ['java version "1.8.0_402"', 8],
    ['openjdk version "21" 2023-09-19', 21],
    ['something else', undefined],
  ])('of %s is %s', (printed, version) => {
    expect(javaVersion(printed)).toBe(version);
  });
});

describe('the owner of a folder', () => {
  it('lives while the process that took it does, and not when another one has its id', () => {
    const started = startOf(process.pid) ?? '';
    expect(started).not.toBe('');
    expect(lives({ pid: process.pid, started })).toBe(true);
    expect(lives({ pid: process.pid, started: 'before' })).toBe(false);
  });
});
