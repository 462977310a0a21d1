import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { createCodec } from './create-codec.ts';
import { subjects } from './subject.ts';

const secret = 'pa:ss/w@rd';
const basic = `Basic ${Buffer.from(`user:${secret}`).toString('base64')}`;

let server: Server | ReturnType<typeof createTcpServer> | undefined;
afterEach(() => {
  server?.close();
});

async function listening(of: NonNullable<typeof server>): Promise<string> {
  server = of;
  await new Promise<void>((resolve) => of.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${String((of.address() as AddressInfo).port)}`;
}

const serving = (answer: RequestListener): Promise<string> => listening(createServer(answer));

/** What a registry says to those who may come in, as far as a start asks. */
const registry: RequestListener = ({ headers, url = '', method }, response) => {
  if (headers.authorization !== basic) {
    response.writeHead(401).end('{"error_code":40101,"message":"who is it?"}');
    return;
  }
  response.setHeader('content-type', 'application/json');
  if (method === 'POST') response.end('{"id":7}');
  else {
    const { compatibility } = subjects.find(({ name }) => url.endsWith(`/${name}`)) ?? {};
    response.end(JSON.stringify({ compatibilityLevel: compatibility }));
  }
};

const withSecret = (host: string): string => `http://user:${encodeURIComponent(secret)}@${host}`;
const page = `<html>\n${'not here\n'.repeat(100)}</html>`;

describe('a registry that asks for a password', () => {
  it('gets it, from the address', async () => {
    await expect(createCodec({ registryUrl: withSecret(await serving(registry)) })).resolves.toBeDefined();
  });

  it.each<[what: string, host: () => Promise<string>, retryable: boolean, reason: RegExp]>([
    ['refuses', () => serving((_, response) => response.writeHead(401).end('no')), false, /says 401 \(no\)/],
    ['has another path', () => serving((_, response) => response.writeHead(404).end(page)), true, /404 .*path right\?/],
    ['is a site for people', () => serving((_, response) => response.end(page)), true, /says 200 \(<html> not here/],
    ['is away', () => Promise.resolve('127.0.0.1:2'), true, /ECONNREFUSED/],
    ['takes connections and is silent', () => listening(createTcpServer()), true, /timeout|within 0\.7 s/],
  ])('and %s is told of in one line, without it', async (_, host, retryable, reason) => {
    const address = await host();
    const begun = performance.now();
    const error: unknown = await createCodec({ registryUrl: withSecret(address), waitMs: 700 }).catch(
      (e: unknown) => e,
    );
    expect(performance.now() - begun).toBeLessThan(5_000);
    expect(error).toMatchObject({ code: 'RKT1101', retryable });
    const said = String(error);
    expect(said).toMatch(reason);
    expect(said).toContain(`at http://${address}`);
    expect(said.split('\n')).toHaveLength(1);
    expect(said).not.toContain(encodeURIComponent(secret));
    expect(said).not.toContain(secret);
  });
});

describe('who waits for a registry as long as it takes', () => {
  it('says so once, and goes on when it is there', async () => {
    let isThere = false;
    const address = await serving((request, response) => {
      if (isThere) registry(request, response);
      else request.socket.destroy();
    });
    const said: string[] = [];
    const log = { info: () => undefined, warn: (_: object, message: string) => said.push(message) };
    const codec = createCodec({ registryUrl: withSecret(address), waitMs: Infinity, log });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    isThere = true;
    await expect(codec).resolves.toBeDefined();
    expect(said).toEqual([expect.stringMatching(/^waiting for the schema registry: \[RKT1101\]/)]);
  });

  it('stops when nobody waits any more', async () => {
    const asked = new AbortController();
    const codec = createCodec({ registryUrl: 'http://127.0.0.1:2', waitMs: Infinity, signal: asked.signal });
    setTimeout(() => {
      asked.abort();
    }, 100);
    await expect(codec).rejects.toThrow('aborted');
  });
});
