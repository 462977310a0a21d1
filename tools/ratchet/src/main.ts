import { parseArgs } from 'node:util';
import { connectKafka, grantRights, isPrefix, prefixExpected } from '@ratchet/kafka';
import { principals, type KafkaPrincipal } from '@ratchet/schemas';
import { installationOf, kafkaConnectionOf } from '@ratchet/service-kit';
import { aclFormats, exportedAcls, grantsOf, type AclsOptions } from './acls.ts';

const USAGE = `npm run --silent ratchet -- acls export [--format json|kafka-acls|strimzi] [<options>]
npm run --silent ratchet -- acls apply [<options>]

The least rights of everyone who comes to Kafka (docs/security.md).
export prints them; apply has the brokers of RATCHET_KAFKA_BROKERS keep them, as the user that the other RATCHET_KAFKA_...
variables name, who must be allowed Alter on the cluster. What brokers keep already stays.
  --format <format>          default json
  --of <who>,...             whose: ${principals.join(', ')}; default all
  --user <who>=<user>        of whom another user than <prefix>ratchet-<who>; may be given several times
  --prefix <prefix>          default RATCHET_PREFIX
  --namespace <namespace>    of a client or a worker that is for one namespace; default any
  --task-queue <taskQueue>   of a worker of one queue, in --namespace or 'default'; default any
  --topics <mode>            of services: create, verify or trust; default RATCHET_TOPICS, or create`;

const wrongUsageCode = 64;

/** @returns the exit code. */
async function run(args: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parsed(args);
    const command = positionals.join(' ');
    if (values.help || (command !== 'acls export' && command !== 'acls apply')) {
      console.error(USAGE);
      return values.help ? 0 : wrongUsageCode;
    }
    const options = optionsOf(values);
    if (command === 'acls export')
      process.stdout.write(exportedAcls(oneOf('--format', aclFormats, values.format), options));
    else await apply(options);
    return 0;
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    return isOfUsage(error) ? wrongUsageCode : 1;
  }
}

async function apply(options: AclsOptions): Promise<void> {
  const connection = await connectKafka({
    ...kafkaConnectionOf('ratchet acls', process.env),
    clientId: 'ratchet-acls',
  });
  try {
    const grants = grantsOf(options);
    await grantRights(connection, grants);
    const users = new Set(grants.map(({ user }) => user));
    console.error(`The brokers keep ${String(grants.length)} rights of ${[...users].join(', ')}.`);
  } finally {
    await connection.close();
  }
}

function parsed(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      format: { type: 'string', default: 'json' },
      of: { type: 'string' },
      user: { type: 'string', multiple: true, default: [] },
      prefix: { type: 'string' },
      namespace: { type: 'string' },
      'task-queue': { type: 'string' },
      topics: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
}

function optionsOf(values: ReturnType<typeof parsed>['values']): AclsOptions {
  const installation = installationOf('ratchet acls', process.env);
  const { prefix = installation.prefix, topics = installation.topics } = values;
  if (prefix !== '' && !isPrefix(prefix)) throw wrong(`--prefix ${prefixExpected}`, prefix);
  return {
    prefix,
    of: values.of === undefined ? principals : values.of.split(',').map((who) => oneOf('--of', principals, who)),
    users: new Map(values.user.map(userGiven)),
    namespace: values.namespace,
    taskQueue: values['task-queue'],
    topics: oneOf('--topics', ['create', 'verify', 'trust'] as const, topics),
  };
}

function userGiven(given: string): readonly [KafkaPrincipal, string] {
  const [who = '', ...rest] = given.split('=');
  const user = rest.join('=');
  if (user === '') throw wrong('--user <who>=<user>', given);
  return [oneOf('--user', principals, who), user];
}

function oneOf<T extends string>(option: string, all: readonly T[], given: string): T {
  const found = all.find((each) => each === given);
  if (found === undefined) throw wrong(`${option} ${all.join(', ')}`, given);
  return found;
}

class UsageError extends Error {}

const wrong = (expected: string, given: string): Error => new UsageError(`Expected ${expected}, but got "${given}"`);

const isOfUsage = (error: unknown): boolean =>
  error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS') === true;

process.exitCode = await run(process.argv.slice(2));
