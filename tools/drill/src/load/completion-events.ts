import { partitionKey } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import { connectCluster, type Cluster } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { outsideResult } from './door.ts';

/** Completes activities as an external system does that has nothing but Kafka. */
export class CompletionEvents {
  readonly #cluster: Cluster;
  readonly #outbox: ReturnType<Cluster['createOutbox']>;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#outbox = cluster.createOutbox();
  }

  static async open(addresses: { readonly brokers: string; readonly registryUrl: string }): Promise<CompletionEvents> {
    const { brokers, registryUrl: registry } = addresses;
    return new CompletionEvents(
      await connectCluster({ brokers, registry, clientId: 'drill-events', createTopics: false }),
    );
  }

  /** Resolves once the event is in the topic. Another event of the same activity counts for the same one. */
  async complete(activityId: string): Promise<void> {
    const { codec, partitions } = this.#cluster;
    const target = { namespace: 'default', workflowId: '', runId: '', activityId };
    const key = partitionKey(target);
    const result = [
      { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(outsideResult)) },
    ];
    const event = { eventId: activityId, source: 'drill', target, body: { type: 'Completed', result } } as const;
    const value = codec.encodeCompletionEvent(event);
    await this.#outbox.send({ topic: topics.completions, key, partition: partitionFor(key, partitions), value });
  }
}
