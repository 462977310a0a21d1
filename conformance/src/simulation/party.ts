import type { Reply } from '@ratchet/domain';
import { noTracing } from '@ratchet/kafka';
import { RequestChannel } from '@ratchet/protocol';
import { topics, type Codec } from '@ratchet/schemas';
import type { SimulatedLog } from './simulated-log.ts';
import { SimulatedOutbox } from './simulated-outbox.ts';
import { SimulatedProcess, type World } from './world.ts';

export interface PartyParts {
  readonly world: World;
  readonly log: SimulatedLog;
  readonly codec: Codec;
  /** Of the co-partitioned topics. */
  readonly partitions: number;
  readonly partitionsOf: (topic: string) => number;
}

/** Retries of something that must not be lost, and how long an answer is waited for. */
export const patience = { repetition: { firstMs: 1_500, pauseMsMax: 5_000 }, timeoutMs: 20_000 } as const;

/** A process that asks Ratchet for something and hears its answers: a client, a worker, a gateway. */
export class Party {
  readonly process: SimulatedProcess;
  readonly parts: PartyParts;
  outbox: SimulatedOutbox;
  channel: RequestChannel;
  #stopReading: () => void = () => undefined;

  constructor(name: string, parts: PartyParts) {
    this.process = new SimulatedProcess(name);
    this.parts = parts;
    [this.outbox, this.channel] = this.#connected();
  }

  crash(): void {
    this.process.die();
    this.#stopReading();
  }

  /** A new process in its place; it knows nothing of what the former one has asked. */
  restart(): void {
    this.process.revive();
    [this.outbox, this.channel] = this.#connected();
  }

  /** In virtual time, on this process's own behalf. */
  sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.parts.world.later(this.process, ms, resolve);
    });
  }

  /** Tries until it is answered, one way or the other. */
  async certainly<T>(ask: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await ask();
      } catch {
        await this.sleep(500);
      }
    }
  }

  #connected(): [SimulatedOutbox, RequestChannel] {
    const { world, log, codec, partitions, partitionsOf } = this.parts;
    const { process } = this;
    const outbox = new SimulatedOutbox({ world, log, process, partitionsOf });
    const address = `${process.name}-${String(process.life)}`;
    const replyTo = { partition: world.roll(partitionsOf(topics.replies)), address };
    const channel = new RequestChannel({
      outbox,
      codec,
      partitions,
      replyTo,
      tracing: noTracing,
      requestTimeoutMs: patience.timeoutMs,
    });
    this.#read(replyTo, channel);
    return [outbox, channel];
  }

  /** Reads the partition of its replies from its end on. */
  #read(
    { partition, address }: { readonly partition: number; readonly address: string },
    channel: RequestChannel,
  ): void {
    const { world, log, codec } = this.parts;
    const replies = log.of(topics.replies, partition);
    const { process } = this;
    const { life } = process;
    let position = replies.end;
    let isDue = false;
    const readOn = (): void => {
      isDue = false;
      const batch = log.fetch(replies, position, 1_000);
      if (batch === undefined) return;
      position = batch.nextOffset;
      for (const { key, value } of batch.records) {
        if (value === null || (key !== address && key?.startsWith(`${address}/`) !== true)) continue;
        const reply = codec.decodeReply(value) as Reply;
        // Nobody is told twice of what was lost on its way to them.
        if (reply.body.type === 'CancelNotice' && world.happens('notice-lost', 10)) continue;
        channel.receive(reply);
      }
    };
    this.#stopReading = replies.subscribe(() => {
      if (isDue || process.life !== life) return;
      isDue = true;
      world.later(process, world.between(1, 10), readOn);
    });
  }
}
