import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectBroker, startCluster } from '@ratchet/testing';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));

let ratchet: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  connectBroker();
  ratchet = await startCluster();
});
afterAll(() => ratchet.stop());

test('a review by signal is tried again after the time that notifying may take, one by completion after a week', async () => {
  const env = {
    ...process.env,
    RATCHET_RUNS: 'yes',
    KAFKA_BROKERS: ratchet.brokers,
    SCHEMA_REGISTRY_URL: ratchet.registryUrl,
  };
  const { stdout } = await promisify(execFile)(process.execPath, [main, '4'], { env });

  expect(stdout).toMatch(/worker \d+ was notifying the reviewer in both ways, and was killed with kill -9/);
  expect(stdout).toMatch(/asynchronous completion: attempt 1 began at .*, start-to-close 7\.00 days/);
  expect(stdout).toMatch(/asynchronous completion: read from describe, it is tried again at .*, 7\.00 days from now/);
  expect(stdout).toMatch(/signal: attempt 1 began at .*, start-to-close 4\.0 s/);
  expect(stdout).toMatch(/signal: the reviewer says 'approved'; the run is completed/);
  expect(stdout).toMatch(/asynchronous completion: still in attempt 1, .* for another 7\.00 days \(not waited for\)/);
  const [, later = '0'] = /attempt 2 began (\d+\.\d) s after attempt 1/.exec(stdout) ?? [];
  // Four seconds, and one of backoff; the rest is the machine.
  expect(Number(later)).toBeGreaterThanOrEqual(5);
  expect(Number(later)).toBeLessThan(40);
});
