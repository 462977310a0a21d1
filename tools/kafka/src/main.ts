import { parseArgs } from 'node:util';
import { whenAskedToStop } from './asked-to-stop.ts';
import { securedUsers } from './secured.ts';
import { startKafka, type RunningKafka } from './start-kafka.ts';
import type { Way } from './way.ts';

const USAGE = `npm run kafka -- [--folder <folder>] [--fresh] [--brokers 1|3] [--way <way>] [--secured]
                 [--kafka-port <port>] [--registry-port <port>]

Starts Kafka and a schema registry, says where they answer, and stops them on Ctrl-C.
  --folder <folder>   where the data are kept (default .ratchet/kafka); a later start finds them again
  --fresh             forget the data of earlier starts
  --brokers 1|3       how many brokers (default 1)
  --way <way>         environment, docker or jars (default: the first that works)
  --secured           brokers that ask who comes: TLS, SCRAM-SHA-512, rights (default folder .ratchet/kafka-secured)`;

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    fresh: { type: 'boolean', default: false },
    brokers: { type: 'string', default: '1' },
    way: { type: 'string' },
    secured: { type: 'boolean', default: false },
    'kafka-port': { type: 'string' },
    'registry-port': { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(USAGE);
else {
  await run().catch((error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
  });
}

async function run(): Promise<void> {
  // A Ctrl-C while it starts counts once it has started.
  const asked = whenAskedToStop();
  const kafka = await startKafka({
    fresh: values.fresh,
    brokers: brokerCount(values.brokers),
    log: (line) => {
      console.log(line);
    },
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(values.way === undefined ? {} : { way: wayNamed(values.way) }),
    ...(values.secured ? { users: securedUsers } : {}),
    ...portOption('kafkaPort', values['kafka-port']),
    ...portOption('registryPort', values['registry-port']),
  });
  console.log(`Both answer. ${waysIn(kafka)}

Ctrl-C stops them; the data are kept.`);
  await aborted(asked);
  console.log('Stopping ...');
  await kafka.stop();
}

function waysIn({ brokers, registryUrl, security }: RunningKafka): string {
  if (security === undefined)
    return `In another shell:

export KAFKA_BROKERS=${brokers}
export SCHEMA_REGISTRY_URL=${registryUrl}`;
  const { caFile, passwordFile } = security;
  return `The broker asks who comes: admin may do everything, and ${securedUsers.join(', ')} what you grant them (npm run ratchet -- acls apply grants what each needs). In another shell:

export RATCHET_KAFKA_BROKERS=${brokers}
export RATCHET_KAFKA_TLS_CA_FILE=${caFile}
export RATCHET_KAFKA_SASL_MECHANISM=scram-sha-512
export RATCHET_KAFKA_USERNAME=admin
export RATCHET_KAFKA_PASSWORD_FILE=${passwordFile('admin')}
export RATCHET_SCHEMA_REGISTRY_URL=${registryUrl}

The other passwords are beside it.`;
}

function aborted(signal: AbortSignal): Promise<void> {
  // Where the broker is someone else's, nothing here would keep the process alive.
  const keptAlive = setInterval(() => undefined, 60_000);
  return new Promise((resolve) => {
    const stop = (): void => {
      clearInterval(keptAlive);
      resolve();
    };
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });
}

function wayNamed(given: string): Way {
  if (given === 'environment' || given === 'docker' || given === 'jars') return given;
  throw new Error(`Expected --way environment, docker or jars, but got "${given}"`);
}

function brokerCount(given: string): 1 | 3 {
  if (given === '1') return 1;
  if (given === '3') return 3;
  throw new Error(`Expected --brokers 1 or 3, but got "${given}"`);
}

function portOption(name: 'kafkaPort' | 'registryPort', given: string | undefined): Record<string, number> {
  if (given === undefined) return {};
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return { [name]: port };
  throw new Error(`Expected a port, but got "${given}"`);
}
