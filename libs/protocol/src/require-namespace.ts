import { defaultNamespace } from '@ratchet/domain';
import { OperationalError, ReplyInbox } from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import type { Cluster } from './connect-cluster.ts';

/**
 * Looks whether a namespace is registered: what is started in one that is not would wait for workers that are elsewhere.
 *
 * @throws OperationalError RKT1304 (rejects) when it is not.
 */
export async function requireNamespace({ connection }: Pick<Cluster, 'connection'>, namespace: string): Promise<void> {
  // It is there from the start, also where no gateway has registered it.
  if (namespace === defaultNamespace) return;
  const registered = new Set<string>();
  const inbox = new ReplyInbox({
    connection,
    topic: topics.namespaces,
    partition: 0,
    fromBeginning: true,
    onRecord: ({ key, value }) => {
      if (key !== namespace) return;
      if (value === null) registered.delete(key);
      else registered.add(key);
    },
  });
  try {
    await inbox.open();
  } finally {
    await inbox.close();
  }
  if (!registered.has(namespace)) throw unknownNamespace(connection.brokers, namespace);
}

const unknownNamespace = (brokers: readonly string[], namespace: string): OperationalError =>
  new OperationalError(
    `Expected to find the namespace ${JSON.stringify(namespace)} at ${brokers.join(', ')}, but nobody has registered it`,
    'RKT1304',
    false,
  );
