import { afterEach, describe, expect, it } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { claim } from './claim.fixture.ts';
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

/** A registry for reading: it counts, and has what is in `ids`. */
function readOnly(ids: Readonly<Record<string, number>>, calls: string[]): RequestListener {
  return ({ method, url = '' }, response) => {
    calls.push(`${String(method)} ${url}`);
    const id = ids[decodeURIComponent(url.slice('/subjects/'.length))];
    if (method !== 'POST') response.writeHead(403).end('{"error_code":40301,"message":"you may only look"}');
    else if (id === undefined) response.writeHead(404).end('{"error_code":40401,"message":"no such subject"}');
    else response.end(JSON.stringify({ id, version: 1, subject: 's', schema: '{}' }));
  };
}

describe('who may only read the registry', () => {
  const commands = 'ratchet.activity.commands-value';
  const replies = 'ratchet.replies-value';

  it('looks it up under the prefix of its installation', async () => {
    const calls: string[] = [];
    const registryUrl = `http://${await serving(readOnly({ [`a.${commands}`]: 7 }, calls))}`;
    await createCodec({ registry: registryUrl, prefix: 'a.', lookUp: ['ActivityCommand'] });
    expect(calls).toEqual([`POST /subjects/a.${commands}`]);
  });

  it('looks up what it names, with one call each, and writes nothing', async () => {
    const calls: string[] = [];
    const registryUrl = `http://${await serving(readOnly({ [commands]: 7, [replies]: 9 }, calls))}`;
    const codec = await createCodec({ registry: registryUrl, lookUp: ['ActivityCommand', 'Reply'] });
    expect(calls.sort()).toEqual([`POST /subjects/${commands}`, `POST /subjects/${replies}`]);
    const bytes = codec.encodeCommand(claim);
    expect(bytes.readUInt32BE(1)).toBe(7);
    expect(codec.decodeCommand(bytes)).toStrictEqual(claim);
  });

  it('waits for the service that registers them', async () => {
    const ids: Record<string, number> = {};
    const registryUrl = `http://${await serving(readOnly(ids, []))}`;
    const codec = createCodec({ registry: registryUrl, lookUp: ['Reply'] });
    await new Promise((resolve) => setTimeout(resolve, 400));
    ids[replies] = 9;
    await expect(codec).resolves.toBeDefined();
  });

  it('is told when no service has', async () => {
    const address = await serving(readOnly({}, []));
    await expect(createCodec({ registry: `http://${address}`, lookUp: ['Reply'], waitMs: 600 })).rejects.toMatchObject({
      code: 'RKT1103',
      retryable: true,
      message: `[RKT1103] Expected to find this version's schema of ${replies} at http://${address}, but it is not registered: services of this version register it when they start`,
    });
  });
});

const withSecret = (host: string): string => `http://user:${encodeURIComponent(secret)}@${host}`;
const page = `<html>\n${'not here\n'.repeat(100)}</html>`;

describe('a registry that asks for a password', () => {
  it('gets it, from the address', async () => {
    await expect(createCodec({ registry: withSecret(await serving(registry)) })).resolves.toBeDefined();
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
    const error: unknown = await createCodec({ registry: withSecret(address), waitMs: 700 }).catch((e: unknown) => e);
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
    const codec = createCodec({ registry: withSecret(address), waitMs: Infinity, log });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    isThere = true;
    await expect(codec).resolves.toBeDefined();
    expect(said).toEqual([expect.stringMatching(/^waiting for the schema registry: \[RKT1101\]/)]);
  });

  it('stops when nobody waits any more', async () => {
    const asked = new AbortController();
    const codec = createCodec({ registry: 'http://127.0.0.1:2', waitMs: Infinity, signal: asked.signal });
    setTimeout(() => {
      asked.abort();
    }, 100);
    await expect(codec).rejects.toThrow('aborted');
  });
});
