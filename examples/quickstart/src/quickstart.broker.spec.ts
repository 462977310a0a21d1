import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectBroker } from '@ratchet/testing';
import { startRatchet, type RunningRatchet } from '@ratchet/tools-start';

const built = (file: string): string => fileURLToPath(new URL(`../dist/${file}`, import.meta.url));

let ratchet: RunningRatchet;
beforeAll(async () => {
  const { brokers, registryUrl } = connectBroker();
  ratchet = await startRatchet({ kafka: { brokers: brokers.join(','), registryUrl } });
});
afterAll(() => ratchet.stop());

test("README's client gets its greeting from README's worker", async () => {
  const env = { ...process.env, KAFKA_BROKERS: ratchet.brokers, SCHEMA_REGISTRY_URL: ratchet.registryUrl };
  const worker = spawn(process.execPath, [built('worker.js')], { env, stdio: 'inherit' });

  const { stdout } = await promisify(execFile)(process.execPath, [built('client.js')], { env });

  expect(stdout).toBe('Hello, Ada!\n');
  worker.kill('SIGTERM');
  expect(await once(worker, 'exit')).toEqual([0, null]);
});
