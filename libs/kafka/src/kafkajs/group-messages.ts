/** What kafkajs hands to its grouping, as far as it is looked at. */
export interface MessagesToGroup<M> {
  readonly topic: string;
  readonly partitionMetadata: readonly unknown[];
  readonly messages: readonly M[];
  readonly partitioner: (choice: { topic: string; partitionMetadata: readonly unknown[]; message: M }) => number;
}

/**
 * The messages of each partition, in their order.
 *
 * Trap: kafkajs's own copies the list of a partition for every message that joins it: a thousand records of one
 * partition are half a million copies.
 */
export function groupMessages<M>(request: MessagesToGroup<M>): Record<number, M[]> {
  const { topic, partitionMetadata, messages, partitioner } = request;
  const groups: Record<number, M[]> = {};
  if (partitionMetadata.length === 0) return groups;
  for (const message of messages) {
    const partition = partitioner({ topic, partitionMetadata, message });
    (groups[partition] ??= []).push(message);
  }
  return groups;
}
