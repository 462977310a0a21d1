import { readFileSync } from 'node:fs';
import { workerSdk } from './worker-sdk.ts';

test('a worker says the version of the package that it is from', () => {
  const manifest = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  expect(workerSdk.version).toBe((JSON.parse(manifest) as { version: string }).version);
});
