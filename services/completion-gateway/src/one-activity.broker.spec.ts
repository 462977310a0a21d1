import { execFile } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { startCluster } from '@ratchet/testing';
import { apiKeyHash } from './auth/api-keys.ts';
import { certificates } from '@ratchet/testing/certificates';

// What `helm test` runs, as it runs it, against a gateway with keys and TLS.

const folder = mkdtempSync(join(tmpdir(), 'ratchet-one-activity-'));
const fileOf = (name: string, content: string): string => {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
};
const key = 'rk_check_0123456789abcdef0123456789abcdef';
const keys = [{ name: 'check', hash: apiKeyHash(key), namespaces: { default: 'writer' } }];
const apiKey = fileOf('api-key', `${key}\n`);
const ca = fileOf('ca.crt', certificates.authority.certificate);

let ratchet: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  const { certificate, key: certificateKey } = certificates.server;
  ratchet = await startCluster({
    serviceEnv: {
      RATCHET_API_KEYS: JSON.stringify(keys),
      RATCHET_TLS_CERTIFICATE: certificate,
      RATCHET_TLS_KEY: certificateKey,
    },
  });
}, 180_000);
afterAll(() => ratchet.stop());

interface Run {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function oneActivity(...args: readonly string[]): Promise<Run> {
  const program = ['--conditions=@ratchet/source', join(import.meta.dirname, 'one-activity.ts')];
  return promisify(execFile)(process.execPath, [...program, `--address=${ratchet.grpcAddress}`, ...args]).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: unknown) => error as Run,
  );
}

const tls = ['--tls', `--tls-ca-file=${ca}`, '--server-name=localhost'];

test('an activity runs from its start to its outcome', async () => {
  const { code, stdout, stderr } = await oneActivity(...tls, `--api-key-file=${apiKey}`);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toMatch(
    /^started (check-\S+) in default\npolled the attempt of \1\ncompleted with "one activity" after \d+ ms\n$/,
  );
});

test.each([
  ['a key, where there is none', tls, 'it asks for a key (test.apiKey of the chart)'],
  ['TLS, where there is none', [`--api-key-file=${apiKey}`, '--timeout-seconds=5'], ': '],
  ['a namespace that is there', [...tls, `--api-key-file=${apiKey}`, '--namespace=nowhere'], ': '],
])('says that it lacks %s', async (_what, args, words) => {
  const { code, stderr } = await oneActivity(...args);
  expect(code).toBe(1);
  expect(stderr).toContain(`Expected to run one activity through ${ratchet.grpcAddress}, but `);
  expect(stderr).toContain(words);
});
