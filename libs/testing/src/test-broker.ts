import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, missingOfDocker, namedAddresses, startKafka } from '@ratchet/tools-kafka';
import { startContainers } from './containers.ts';

interface Running {
  readonly brokers: string;
  readonly registryUrl: string;
  stop(): Promise<void>;
}

const STATE = join(import.meta.dirname, '..', '..', '..', '.ratchet');
/** Of this run alone: two runs at once do not meet. */
const FOLDER = join(STATE, `tests-${process.pid}`);

let running: Running | undefined;

/** Before all tests of `npm run test:broker`: a broker and a registry, named in the environment of every test. */
export async function startTestBroker(): Promise<void> {
  sweep();
  announce(await start());
}

/** Before all tests of `npm run test:cluster`: three brokers. */
export async function startTestCluster(): Promise<void> {
  sweep();
  announce(await startKafka({ folder: FOLDER, fresh: true, brokers: 3, log: print }));
}

/** After all tests. */
export async function stopTestBroker(): Promise<void> {
  await running?.stop();
  rmSync(FOLDER, { recursive: true, force: true });
}

async function start(): Promise<Running> {
  if (namedAddresses(process.env) !== undefined) return startKafka({ way: 'environment', log: print });
  const missing = await missingOfDocker();
  if (missing !== undefined) return startKafka({ way: 'jars', folder: FOLDER, fresh: true, log: print });
  print('Kafka: in containers, since a Docker engine answers.');
  return startContainers(await freePort());
}

function announce(started: Running): void {
  running = started;
  process.env['KAFKA_BROKERS'] = started.brokers;
  process.env['SCHEMA_REGISTRY_URL'] = started.registryUrl;
  print(`KAFKA_BROKERS=${started.brokers} SCHEMA_REGISTRY_URL=${started.registryUrl}`);
}

/** Removes what runs that were killed have left. */
function sweep(): void {
  for (const folder of globSync(join(STATE, 'tests-*'))) {
    const pid = Number(folder.slice(folder.lastIndexOf('-') + 1));
    if (!isAlive(pid)) rmSync(folder, { recursive: true, force: true });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
