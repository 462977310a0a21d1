import { parseArgs } from 'node:util';
import { startRatchet } from './start-ratchet.ts';
import { upMessage } from './up-message.ts';

const USAGE = `npm start -- [--folder <folder>] [--partitions <count>]

Runs Kafka, a schema registry and all services of Ratchet on this machine until Ctrl-C.
  --folder <folder>      where the data are kept (default .ratchet); a later start finds them again
  --partitions <count>   of each co-partitioned topic (default 4); fixed for the life of the data
KAFKA_BROKERS and SCHEMA_REGISTRY_URL name existing ones to use. RATCHET_* variables reach the services.`;

const { values } = parseArgs({
  options: { folder: { type: 'string' }, partitions: { type: 'string' }, help: { type: 'boolean', default: false } },
});

const say = (line: string): void => {
  console.log(line);
};

if (values.help) say(USAGE);
else await run();

async function run(): Promise<void> {
  const stopAsked = untilAskedToStop();
  const starting = startRatchet({
    log: say,
    ports: 'usual',
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(values.partitions === undefined ? {} : { partitions: countOf(values.partitions) }),
  });
  const shown = starting.then((ratchet) => {
    say(upMessage(ratchet));
  });
  shown.catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exit(1);
  });
  await stopAsked;
  say('Stopping: the services first, then the broker. Ctrl-C again ends it at once.');
  const ratchet = await starting;
  await ratchet.stop();
  say('Stopped.');
  process.exit(0);
}

/** A second signal is for the impatient: everything still running notices that this process is gone, and ends. */
function untilAskedToStop(): Promise<void> {
  return new Promise((resolve) => {
    let asked = false;
    const ask = (): void => {
      if (asked) process.exit(1);
      asked = true;
      resolve();
    };
    process.on('SIGINT', ask);
    process.on('SIGTERM', ask);
  });
}

function countOf(given: string): number {
  const count = Number(given);
  if (Number.isInteger(count) && count > 0) return count;
  throw new Error(`Expected --partitions to be a whole number above 0, but it is "${given}"`);
}
