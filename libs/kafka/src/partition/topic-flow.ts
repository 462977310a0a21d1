import type { PartitionHost } from './partition-host.ts';

/** Pauses and resumes the topics of one partition; tells the consumer only what changes. */
export class TopicFlow {
  readonly #host: Pick<PartitionHost<never>, 'pause' | 'resume' | 'topics'>;
  readonly #partition: number;
  readonly #held = new Set<string>();
  readonly #flowing = new Map<string, boolean>();

  constructor(host: Pick<PartitionHost<never>, 'pause' | 'resume' | 'topics'>, partition: number) {
    this.#host = host;
    this.#partition = partition;
  }

  /** Stays paused whatever `direct` says, until `release`. */
  hold(topic: string): void {
    this.#held.add(topic);
  }

  release(topic: string): void {
    this.#held.delete(topic);
  }

  isHeld(topic: string): boolean {
    return this.#held.has(topic);
  }

  /** @param anew whether the consumer has forgotten what it was told. */
  direct(mayFlow: (topic: string) => boolean, anew: boolean): void {
    for (const topic of this.#host.topics) {
      const flows = !this.#held.has(topic) && mayFlow(topic);
      if (!anew && this.#flowing.get(topic) === flows) continue;
      this.#flowing.set(topic, flows);
      if (flows) this.#host.resume(topic, this.#partition);
      else this.#host.pause(topic, this.#partition);
    }
  }
}
