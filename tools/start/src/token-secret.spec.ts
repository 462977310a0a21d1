import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { keptTokenSecret } from './token-secret.ts';

const folder = mkdtempSync(join(tmpdir(), 'ratchet-secret-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('a secret is made once for a folder, for its owner alone', () => {
  const own = join(folder, 'own');
  const secret = keptTokenSecret(own);
  expect(secret.length).toBeGreaterThanOrEqual(32);
  expect(keptTokenSecret(own)).toBe(secret);
  expect(keptTokenSecret(join(folder, 'other'))).not.toBe(secret);
  expect(statSync(join(own, 'token-secret')).mode & 0o777).toBe(0o600);
});
