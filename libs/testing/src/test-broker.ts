import { globSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { leasePort, missingOfDocker, namedAddresses, startKafka } from '@ratchet/tools-kafka';
import { preferQuickStart } from '@ratchet/tools-start';
import { startContainers } from './containers.ts';

interface Running {
  readonly brokers: string;
  readonly registryUrl: string;
  stop(): Promise<void>;
}

const STATE = join(import.meta.dirname, '..', '..', '..', '.ratchet');
/** Of this run alone: two runs at once do not meet. */
const FOLDER = join(STATE, `tests-${process.pid}`);

const running: Running[] = [];

/**
 * Before all tests of `npm run test:broker`: a broker for each of Jest's workers, since two sets of services on one broker would
 * share groups and topics; from the jars they share a registry, whose start costs as much as the broker's. `tools/jest/worker-broker.mjs`
 * names a worker's own in the environment of its tests.
 */
export async function startTestBrokers({ maxWorkers }: { readonly maxWorkers: number }): Promise<void> {
  sweep();
  preferQuickStart(process.env, STATE);
  for (let worker = 1; worker <= maxWorkers; worker += 1) {
    running.push(await start(join(FOLDER, String(worker)), running[0]?.registryUrl));
  }
  announce();
}

/** Before all tests of `npm run test:cluster`: three brokers. */
export async function startTestCluster(): Promise<void> {
  sweep();
  running.push(await startKafka({ folder: FOLDER, fresh: true, brokers: 3, log: print }));
  announce();
}

/** After all tests. */
export async function stopTestBrokers(): Promise<void> {
  await Promise.all(running.map((started) => started.stop()));
  rmSync(FOLDER, { recursive: true, force: true });
}

async function start(folder: string, registryUrl: string | undefined): Promise<Running> {
  if (namedAddresses(process.env) !== undefined) return startKafka({ way: 'environment', log: print });
  const missing = await missingOfDocker();
  if (missing !== undefined) {
    const started = await startKafka({
      way: 'jars',
      folder,
      fresh: true,
      registry: registryUrl === undefined,
      log: print,
    });
    return { ...started, registryUrl: registryUrl ?? started.registryUrl };
  }
  print('Kafka: in containers, since a Docker engine answers.');
  const { port, release } = await leasePort();
  const containers = await startContainers(port);
  return {
    ...containers,
    stop: async () => {
      await containers.stop();
      release();
    },
  };
}

function announce(): void {
  const ofWorkers = running.map(({ brokers, registryUrl }) => ({
    KAFKA_BROKERS: brokers,
    SCHEMA_REGISTRY_URL: registryUrl,
  }));
  process.env['RATCHET_TEST_BROKERS'] = JSON.stringify(ofWorkers);
  for (const [at, addresses] of ofWorkers.entries()) print(`Worker ${at + 1}: ${JSON.stringify(addresses)}`);
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
