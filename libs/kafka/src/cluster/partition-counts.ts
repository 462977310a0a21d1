import { OperationalError } from '../errors.ts';
import { failureKind } from '../kafkajs/kafka-error.ts';
import type { Admin } from './prefixed.ts';

/** How many partitions each topic has. Asked for once per topic: the counts are fixed for the life of a cluster. */
export class PartitionCounts {
  readonly #admin: Admin;
  readonly #realName: (topic: string) => string;
  readonly #counts = new Map<string, number>();
  readonly #loading = new Map<string, Promise<number>>();

  /** @param realName what people are told. */
  constructor(admin: Admin, realName: (topic: string) => string) {
    this.#admin = admin;
    this.#realName = realName;
  }

  /** `undefined` until it was loaded. */
  known(topic: string): number | undefined {
    return this.#counts.get(topic);
  }

  /** @throws OperationalError RKT1004 when the brokers do not know the topic; kafkajs's own error when none answers. */
  async of(topic: string): Promise<number> {
    const known = this.#counts.get(topic);
    if (known !== undefined) return known;
    let loading = this.#loading.get(topic);
    if (loading === undefined) {
      loading = this.#load(topic).finally(() => this.#loading.delete(topic));
      this.#loading.set(topic, loading);
    }
    return loading;
  }

  /** Whether the brokers know the topic. @throws kafkajs's own error when none answers. */
  async exists(topic: string): Promise<boolean> {
    try {
      await this.of(topic);
      return true;
    } catch (error) {
      if (error instanceof OperationalError && error.code === 'RKT1004') return false;
      throw error;
    }
  }

  /** The topic is gone, or made anew. */
  forget(topic: string): void {
    this.#counts.delete(topic);
  }

  async #load(topic: string): Promise<number> {
    const count = await this.#ask(topic).catch((cause: unknown) => {
      if (failureKind(cause) === 'unknown-topic') return 0;
      throw cause;
    });
    if (count === 0) throw missing(this.#realName(topic));
    this.#counts.set(topic, count);
    return count;
  }

  async #ask(topic: string): Promise<number> {
    const { topics } = await this.#admin.fetchTopicMetadata({ topics: [topic] });
    return topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
  }
}

const missing = (topic: string): OperationalError =>
  new OperationalError(`Expected to find the topic ${topic}, but the brokers do not know it`, 'RKT1004', true);
