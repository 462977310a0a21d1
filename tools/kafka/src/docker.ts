import { join } from 'node:path';
import { awaitAnswer, kafkaAnswers, registryAnswers } from './answers.ts';
import { outcomeOf } from './command.ts';
import type { Addresses } from './environment.ts';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** An engine that was asleep, on a busy machine, takes its time. */
const PROBE_TIMEOUT_MS = 20_000;
const UP_TIMEOUT_MS = 600_000;
const ANSWER_DEADLINE_MS = 60_000;

/** Undefined when a Docker engine answers and has compose; else what is missing, as the end of a sentence. */
export async function missingOfDocker(): Promise<string | undefined> {
  const engine = await outcomeOf('docker', ['version', '--format', '{{.Server.Version}}'], PROBE_TIMEOUT_MS);
  if (engine.code === 127) return 'there is no docker on the PATH';
  if (engine.code !== 0) return 'no Docker engine answers';
  const compose = await outcomeOf('docker', ['compose', 'version'], PROBE_TIMEOUT_MS);
  return compose.code === 0 ? undefined : 'the Docker here has no compose';
}

/** Brings up kafka and registry of docker-compose.yml, and waits until both answer from here. */
export async function composeUp(options: { fresh: boolean }): Promise<Addresses> {
  if (options.fresh) await compose(['down', '--volumes']);
  await compose(['up', '--detach', '--wait', 'kafka', 'registry']);
  const addresses = {
    brokers: await publishedAddress('kafka', 9092),
    registryUrl: `http://${await publishedAddress('registry', 8080)}/apis/ccompat/v7`,
  };
  const answering =
    (await awaitAnswer(() => kafkaAnswers(addresses.brokers), ANSWER_DEADLINE_MS)) &&
    (await awaitAnswer(() => registryAnswers(addresses.registryUrl), ANSWER_DEADLINE_MS));
  if (!answering) throw new Error('Expected to start Kafka with Docker, but kafka or registry gives no answer');
  return addresses;
}

/** Stops the two containers; their volumes keep the data. */
export async function composeStop(): Promise<void> {
  await compose(['stop', 'registry', 'kafka']);
}

/** Where a container's port is reached from this machine. */
async function publishedAddress(service: string, port: number): Promise<string> {
  const printed = await compose(['port', service, String(port)]);
  return printed.replace(/^0\.0\.0\.0:|^\[::\]:/, '127.0.0.1:');
}

async function compose(args: readonly string[]): Promise<string> {
  const outcome = await outcomeOf('docker', ['compose', ...args], UP_TIMEOUT_MS, ROOT);
  if (outcome.code !== 0)
    throw new Error(`Expected "docker compose ${args.join(' ')}" to work, but: ${outcome.printed}`);
  return outcome.printed;
}
