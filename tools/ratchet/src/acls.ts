import type { AclBinding } from '@ratchet/kafka';
import { kafkaUser, principals, rightsOf, userOf, type KafkaPrincipal, type RightsOptions } from '@ratchet/schemas';
import { stringify } from 'yaml';

export interface AclsOptions extends RightsOptions {
  /** Whose rights; everyone's by default. */
  readonly of?: readonly KafkaPrincipal[];
  /** Who is another user than `<prefix>ratchet-<principal>`. */
  readonly users?: ReadonlyMap<KafkaPrincipal, string>;
}

export const aclFormats = ['json', 'kafka-acls', 'strimzi'] as const;
export type AclFormat = (typeof aclFormats)[number];

/** The rights of each user, as the table of `@ratchet/schemas` has them. */
export const grantsOf = ({ of = principals, users, ...options }: AclsOptions): readonly AclBinding[] =>
  of.flatMap((principal) => {
    const user = users?.get(principal) ?? userOf(principal, options);
    return rightsOf(principal, options).map((right) => ({ user, ...right }));
  });

/**
 * The same as text, for whoever keeps rights otherwise than by `acls apply`. Ends with a line break.
 *
 * @throws Error for `strimzi` when a user's name is none of Kubernetes.
 */
export function exportedAcls(format: AclFormat, options: AclsOptions): string {
  const byUser = Map.groupBy(grantsOf(options), ({ user }) => user);
  switch (format) {
    case 'json':
      return `${JSON.stringify(Object.fromEntries(Array.from(byUser, ([user, of]) => [user, of.map(withoutUser)])), null, 2)}\n`;
    case 'kafka-acls':
      return [...commandsHead, ...[...byUser.values()].flat().map(kafkaAclsCommand)].join('\n').concat('\n');
    case 'strimzi':
      checkNames([...byUser.keys()]);
      return Array.from(
        byUser,
        ([user, of]) => `---\n${stringify(kafkaUser({ name: user, labels: ofKafka }, of))}`,
      ).join('');
  }
}

/** Of which `Kafka` of Strimzi's the users are. */
const ofKafka = { 'strimzi.io/cluster': 'kafka' };

const withoutUser = ({ user: _user, ...right }: AclBinding): Omit<AclBinding, 'user'> => right;

const commandsHead = [
  '#!/bin/sh',
  '# BROKERS: host:port of a broker. ADMIN: a file with the properties of a user who may grant rights.',
  'set -eu',
];

const kafkaAclsResources = {
  topic: '--topic',
  group: '--group',
  transactionalId: '--transactional-id',
} as const;

function kafkaAclsCommand({ user, resource, name, pattern, operations }: AclBinding): string {
  return [
    'kafka-acls.sh --bootstrap-server "$BROKERS" --command-config "$ADMIN" --add',
    `--allow-principal ${quoted(`User:${user}`)}`,
    ...operations.map((operation) => `--operation ${operation}`),
    `${kafkaAclsResources[resource]} ${quoted(name)}`,
    `--resource-pattern-type ${pattern === 'prefix' ? 'prefixed' : 'literal'}`,
  ].join(' ');
}

const quoted = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A `KafkaUser` has its name from Kubernetes (RFC 1123), and the user in Kafka has it from the `KafkaUser`. */
function checkNames(users: readonly string[]): void {
  const wrong = users.filter((user) => !/^[a-z\d]([a-z\d-]*[a-z\d])?(\.[a-z\d]([a-z\d-]*[a-z\d])?)*$/.test(user));
  if (wrong.length === 0) return;
  throw new Error(
    `Expected users whose names Kubernetes takes (a-z, 0-9, "-" and "."), but it does not take ${wrong.join(', ')}: ` +
      'say others, each by --user <who>=<user>',
  );
}
