import { parseArgs } from 'node:util';
import { unlessAborted, whenAskedToStop } from '@ratchet/tools-kafka';
import { startRatchet, type RunningRatchet } from './start-ratchet.ts';
import { upMessage } from './up-message.ts';

const USAGE = `npm start -- [--folder <folder>] [--partitions <count>] [--secured]

Runs Kafka, a schema registry and all services of Ratchet on this machine until Ctrl-C.
  --folder <folder>      where the data are kept (default .ratchet); a later start finds them again
  --partitions <count>   of each co-partitioned topic (default 4); fixed for the life of the data
  --secured              a broker that asks who comes: TLS, SCRAM-SHA-512, and for each the rights that it needs
KAFKA_BROKERS and SCHEMA_REGISTRY_URL name existing ones to use. RATCHET_* variables reach the services;
only RATCHET_HEALTH_PORT does not, since each has one of its own.`;

interface Arguments {
  readonly folder?: string;
  readonly partitions?: number;
  readonly secured: boolean;
  readonly help: boolean;
}

const say = (line: string): void => {
  console.log(line);
};

const given = readArguments();
if (given.help) say(USAGE);
else process.exitCode = await run(given);

/** @returns the exit code, once all is stopped again. */
async function run({ folder, partitions, secured }: Arguments): Promise<number> {
  const asked = whenAskedToStop(() => {
    say('Stopping: the services first, then the broker. Ctrl-C again ends it at once.');
  });
  const started = startRatchet({
    log: say,
    ports: 'usual',
    signal: asked,
    secured,
    ...(folder === undefined ? {} : { folder }),
    ...(partitions === undefined ? {} : { partitions }),
  });
  try {
    const lost = await untilStopped(await started, asked);
    say('Stopped.');
    return lost ? 1 : 0;
  } catch (error) {
    if (!asked.aborted) console.error(messageOf(error));
    else say('Stopped.');
    return asked.aborted ? 0 : 1;
  }
}

/** @returns whether the broker or the registry was lost. */
async function untilStopped(ratchet: RunningRatchet, asked: AbortSignal): Promise<boolean> {
  say(upMessage(ratchet));
  const lost = await unlessAborted(asked, ratchet.kafkaEnded).catch(() => undefined);
  if (lost !== undefined) say(`${lost}\nStopping the rest. The data are kept: npm start goes on with them.`);
  await ratchet.stop();
  return lost !== undefined;
}

function readArguments(): Arguments {
  try {
    const { values } = parseArgs({
      options: {
        folder: { type: 'string' },
        partitions: { type: 'string' },
        secured: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    });
    const { folder, partitions, secured, help } = values;
    return {
      help,
      secured,
      ...(folder === undefined ? {} : { folder }),
      ...(partitions === undefined ? {} : { partitions: countOf(partitions) }),
    };
  } catch (error) {
    return fail(`${messageOf(error)}\n\n${USAGE}`);
  }
}

function countOf(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`Expected --partitions to be a whole number above 0, but it is "${text}"`);
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
