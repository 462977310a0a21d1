import type { KafkaConnection } from '../cluster/connection.ts';
import type { GroupConsumer } from '../consumers/group-consumer.ts';
import { asError } from '../kafkajs/kafka-error.ts';
import type { Positions } from './partition-logic.ts';
import type { ProcessorInput } from './processor-options.ts';

/**
 * The offsets of a processor's group. Of inputs that start at them they say where the next owner goes on; of all others
 * they only tell the lag to whoever looks from outside, and are committed now and then.
 */
export class GroupOffsets {
  readonly #connection: KafkaConnection;
  readonly #service: string;
  readonly #consumer: GroupConsumer;
  readonly #isStart: boolean;
  /** What the group was not told yet. */
  readonly #uncommitted = new Map<number, Positions>();
  /** Partitions that this instance has, as far as anything of them was handled. */
  readonly #held = new Set<number>();

  constructor(
    {
      connection,
      service,
      inputs,
    }: { connection: KafkaConnection; service: string; inputs: readonly ProcessorInput[] },
    consumer: GroupConsumer,
  ) {
    this.#connection = connection;
    this.#service = service;
    this.#consumer = consumer;
    this.#isStart = inputs.some(({ start }) => start === 'group');
  }

  /** The offset that the group has committed. */
  async committed(topic: string, partition: number): Promise<number | undefined> {
    const { admin } = this.#connection;
    const [found] = await admin.fetchOffsets({ groupId: this.#service, topics: [topic] });
    const offset = Number(found?.partitions.find((each) => each.partition === partition)?.offset ?? -1);
    return offset < 0 ? undefined : offset;
  }

  /** Everything up to here is done. Resolves when the group knows, where somebody will start from it. */
  async handled(partition: number, positions: Positions): Promise<void> {
    this.#held.add(partition);
    this.#uncommitted.set(partition, positions);
    if (this.#isStart) await this.commit();
  }

  /** The partition is another instance's matter now. */
  forget(partition: number): void {
    this.#held.delete(partition);
    this.#uncommitted.delete(partition);
  }

  /** What fails is tried again with the next group, or by a timer: nothing is lost by committing late. */
  async commit(): Promise<void> {
    const positions = [...this.#uncommitted];
    if (positions.length === 0) return;
    this.#uncommitted.clear();
    try {
      await this.#consumer.commit(
        positions.flatMap(([partition, topics]) =>
          Array.from(topics, ([topic, offset]) => ({ topic, partition, offset })),
        ),
      );
    } catch (thrown) {
      this.#connection.log('debug', `offsets were not committed: ${asError(thrown).message}`);
      for (const [partition, topics] of positions)
        if (this.#held.has(partition) && !this.#uncommitted.has(partition)) this.#uncommitted.set(partition, topics);
    }
  }
}
