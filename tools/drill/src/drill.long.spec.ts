import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectBroker } from '@ratchet/testing';
import { drill } from './drill.ts';
import { reportOf } from './report.ts';
import { scenarios } from './scenarios.ts';

// A short one of the scenarios that do nothing to the broker, which is everyone's here. `npm run drill` plays them all.

const seed = Number(process.env['DRILL_SEED'] ?? 1);
let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ratchet-drill-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test(`kill -9 of any service or worker, under load: every promise holds (seed ${String(seed)})`, async () => {
  const { brokers, registryUrl } = connectBroker();
  const said: string[] = [];
  const verdict = await drill({
    scenario: scenarios.kill,
    folder,
    ms: 30_000,
    seed,
    say: (line) => said.push(line),
    kafka: { brokers: brokers.join(','), registryUrl },
    // How fast the members are back is for a machine with nothing else to do.
    backMsMax: 60_000,
  });
  expect(verdict.held ? 'held' : `${said.join('\n')}\n${reportOf(verdict, folder)}`).toBe('held');
}, 600_000);
