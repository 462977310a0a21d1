import type { AclEntry, AclFilter } from 'kafkajs';
import type { KafkaConnection } from './connection.ts';
import { naming } from './denied-rights.ts';
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, ResourcePatternTypes } from '../kafkajs/index.ts';
import { clientRetry } from '../kafkajs/retry-options.ts';
import { within } from '../waiting.ts';

/** What a user may do, from wherever he comes. */
export interface AclBinding {
  /** As Kafka's `User:` principals are named: of SASL the user, of TLS the certificate's distinguished name. */
  readonly user: string;
  readonly resource: 'topic' | 'group' | 'transactionalId';
  /** As Kafka knows it, whatever the prefix of the connection: rights are of all installations. */
  readonly name: string;
  /** `prefix`: of all whose names begin with `name`. */
  readonly pattern: 'literal' | 'prefix';
  readonly operations: readonly ('Read' | 'Write' | 'Create' | 'Delete' | 'Describe' | 'DescribeConfigs')[];
}

const aclMsMax = 30_000;

/**
 * Has the brokers keep these rights, beside all that there are. Safe to call twice. They count within a second or so.
 *
 * @throws OperationalError RKT1010 (rejects) when this user may not grant any; kafkajs's error when the brokers keep none
 * (`authorizer.class.name` is not set), or do not answer.
 */
export async function grantRights(connection: KafkaConnection, grants: readonly AclBinding[]): Promise<void> {
  await withAcls(connection, (acls) => acls.createAcls({ acl: grants.flatMap(entriesOf) }));
}

/** Takes rights away that were granted just so. @throws as `grantRights`. */
export async function revokeRights(connection: KafkaConnection, grants: readonly AclBinding[]): Promise<void> {
  await withAcls(connection, (acls) => acls.deleteAcls({ filters: grants.flatMap(entriesOf) satisfies AclFilter[] }));
}

const resourceTypes = {
  topic: AclResourceTypes.TOPIC,
  group: AclResourceTypes.GROUP,
  transactionalId: AclResourceTypes.TRANSACTIONAL_ID,
} as const;

const operationTypes = {
  Read: AclOperationTypes.READ,
  Write: AclOperationTypes.WRITE,
  Create: AclOperationTypes.CREATE,
  Delete: AclOperationTypes.DELETE,
  Describe: AclOperationTypes.DESCRIBE,
  DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
} as const;

const entriesOf = ({ user, resource, name, pattern, operations }: AclBinding): readonly AclEntry[] =>
  operations.map((operation) => ({
    principal: `User:${user}`,
    host: '*',
    resourceType: resourceTypes[resource],
    resourceName: name,
    resourcePatternType: pattern === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
    operation: operationTypes[operation],
    permissionType: AclPermissionTypes.ALLOW,
  }));

async function withAcls<R>(
  connection: KafkaConnection,
  work: (acls: ReturnType<ReturnType<KafkaConnection['createClient']>['operator']>) => Promise<R>,
): Promise<R> {
  const client = connection.createClient();
  try {
    const asking = work(client.operator(clientRetry));
    return await within(aclMsMax, 'the brokers to answer', naming({ cluster: { operation: 'Alter' } }, asking));
  } finally {
    client.cut();
  }
}
