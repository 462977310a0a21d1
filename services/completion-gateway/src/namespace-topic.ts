import { ReplyInbox, type Outbox } from '@ratchet/kafka';
import type { Cluster } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { NamespaceDirectory } from './front-door/namespace-directory.ts';
import { NamespaceRecords } from './namespace-records.ts';

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
  const records = new NamespaceRecords({ codec, directory, log: connection.log });
  const inbox = new ReplyInbox({
    connection,
    topic,
    partition: 0,
    fromBeginning: true,
    outbox,
    onRecord: (record) => records.take(record),
  });
  await inbox.open();
  await records.settled;
  await directory.ensureDefault();
  return {
    directory,
    close: async () => {
      records.stop();
      await inbox.close();
    },
  };
}
