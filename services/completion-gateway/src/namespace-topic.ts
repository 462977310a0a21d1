import { ReplyInbox, type InputRecord, type Outbox } from '@ratchet/kafka';
import type { Cluster } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { NamespaceDirectory } from './front-door/namespace-directory.ts';

export interface NamespaceTopic {
  readonly directory: NamespaceDirectory;
  close(): Promise<void>;
}

/** Reads the topic of the namespaces whole and follows it. Resolves with all that were registered before, and the default one. */
export async function openNamespaceTopic({ connection, codec }: Cluster, outbox: Outbox): Promise<NamespaceTopic> {
  const topic = topics.namespaces;
  const directory = new NamespaceDirectory(async (namespace) => {
    await outbox.send({ topic, key: namespace.name, partition: 0, value: codec.encodeNamespace(namespace) });
  });
  const inbox = new ReplyInbox({
    connection,
    topic,
    partition: 0,
    fromBeginning: true,
    onRecord: (record) => {
      take(record, directory, { connection, codec });
    },
  });
  await inbox.open();
  await directory.ensureDefault();
  return { directory, close: () => inbox.close() };
}

function take(
  { key, value }: InputRecord,
  directory: NamespaceDirectory,
  { connection, codec }: Pick<Cluster, 'connection' | 'codec'>,
): void {
  if (value === null) {
    if (key !== null) directory.remove(key);
    return;
  }
  const namespace = codec.decodeNamespace(value);
  if (!(namespace instanceof Promise)) {
    directory.put(namespace);
    return;
  }
  namespace.then(
    (read) => {
      directory.put(read);
    },
    (error: unknown) => {
      connection.log('error', `a namespace was not understood: ${String(error)}`, { key });
    },
  );
}
