import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectBroker } from '@ratchet/testing';
import { startRatchet, type RunningRatchet } from '@ratchet/tools-start';

const built = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));

/** The registry for who may only read it: schemas are looked up, and nothing is registered or set. */
function readOnly(registryUrl: string, calls: string[]): Server {
  return createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    calls.push(`${method} ${url}`);
    const reads = method === 'GET' || (method === 'POST' && /\/subjects\/[^/]+$/.test(url));
    if (!reads) {
      response.writeHead(403).end('{"error_code":40301,"message":"you may only read"}');
      return;
    }
    void request.toArray().then(async (chunks: Buffer[]) => {
      const body = method === 'GET' ? {} : { body: Buffer.concat(chunks) };
      const type = { 'content-type': headers['content-type'] ?? '' };
      const answer = await fetch(registryUrl + url, { method, headers: type, ...body });
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(await answer.text());
    });
  });
}

let ratchet: RunningRatchet;
let registry: Server;
const calls: string[] = [];
beforeAll(async () => {
  const { brokers, registryUrl } = connectBroker();
  ratchet = await startRatchet({ kafka: { brokers: brokers.join(','), registryUrl } });
  registry = readOnly(registryUrl, calls);
  await once(registry.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  registry.close();
  await ratchet.stop();
});

test("README's client gets its greeting from README's worker, and both only read what they need", async () => {
  const registryUrl = `http://127.0.0.1:${String((registry.address() as AddressInfo).port)}`;
  const env = { ...process.env, KAFKA_BROKERS: ratchet.brokers, SCHEMA_REGISTRY_URL: registryUrl };
  const worker = spawn(process.execPath, [built('worker.js')], { env, stdio: 'inherit' });

  const { stdout } = await promisify(execFile)(process.execPath, [built('client.js')], { env });

  expect(stdout).toBe('Hello, Ada!\n');
  worker.kill('SIGTERM');
  expect(await once(worker, 'exit')).toEqual([0, null]);
  const ofClient = ['ratchet.activity.commands', 'ratchet.activity.queries', 'ratchet.replies'];
  const ofWorker = [...ofClient, 'ratchet.activity.tasks'];
  expect(calls.sort()).toEqual([...ofClient, ...ofWorker].map((topic) => `POST /subjects/${topic}-value`).sort());
});
