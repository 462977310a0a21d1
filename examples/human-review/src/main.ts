import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ActivityClient } from '@ratchet/client';
import { startRatchet } from '@ratchet/tools-start';
import { startChild } from './child.ts';
import { showBothWays } from './human-review.ts';

/**
 * `main.js [seconds]`: how long notifying may take, 60 by default. With RATCHET_RUNS=yes, KAFKA_BROKERS and
 * SCHEMA_REGISTRY_URL name a Ratchet that runs already; else everything is started here.
 */

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

const { KAFKA_BROKERS = '', SCHEMA_REGISTRY_URL = '', RATCHET_RUNS } = process.env;
const [notifySeconds = '60'] = process.argv.slice(2);
const here = { brokers: KAFKA_BROKERS, registryUrl: SCHEMA_REGISTRY_URL, stop: () => Promise.resolve() };
if (RATCHET_RUNS !== 'yes') say('Starting Kafka, a schema registry and the services ...');
const ratchet = RATCHET_RUNS === 'yes' ? here : await startRatchet();
const { brokers, registryUrl } = ratchet;
const mailbox = mkdtempSync(join(tmpdir(), 'human-review-'));
const id = Date.now().toString(36);
const taskQueue = `human-review-${id}`;
const environment = { KAFKA_BROKERS: brokers, SCHEMA_REGISTRY_URL: registryUrl };
const start = (main: string, argument: string): ReturnType<typeof startChild> =>
  startChild(main, [argument], environment);

const client = await ActivityClient.connect({ brokers, registry: registryUrl });
const reviewer = start('reviewer', mailbox);
const doomed = start('worker', taskQueue);
const workers = [doomed];
try {
  await showBothWays({
    client,
    id,
    taskQueue,
    mailbox,
    notifyMs: Number(notifySeconds) * 1000,
    say,
    killWorker: async () => {
      await doomed.kill();
      say(`worker ${String(doomed.pid)} was notifying the reviewer in both ways, and was killed with kill -9`);
    },
    startWorker: () => void workers.push(start('worker', taskQueue)),
  });
} finally {
  await Promise.all([reviewer, ...workers].map((child) => child.kill()));
  await client.close();
  rmSync(mailbox, { recursive: true, force: true });
  await ratchet.stop();
}
