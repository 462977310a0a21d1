import { randomUUID } from 'node:crypto';
import { noTrace } from '@ratchet/kafka';
import type { RequestChannel } from '@ratchet/protocol';

/** From one question to the next. */
const questionMs = 5_000;

/** After so long without any answer callers are better off with a gateway that hears one, or with being told at once. */
export const unansweredMsMax = 30_000;

/**
 * Asks schedulers, again and again, of an activity that nobody has: whoever is answered, whatever the answer, can ask and be answered.
 * Each question goes to another partition, by chance: one that is being restored does not speak for all.
 */
export class AnswerProbe {
  readonly #channel: Pick<RequestChannel, 'describe'>;
  #answeredAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(channel: Pick<RequestChannel, 'describe'>) {
    this.#channel = channel;
  }

  /** Milliseconds since the last answer; `Infinity` when there was none. */
  get silentMs(): number {
    return this.#answeredAt === undefined ? Infinity : performance.now() - this.#answeredAt;
  }

  start(): void {
    this.#ask();
    this.#timer = setInterval(() => {
      this.#ask();
    }, questionMs);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #ask(): void {
    const target = { namespace: 'default', workflowId: '', runId: '', activityId: randomUUID() };
    this.#channel.describe(target, randomUUID(), { trace: noTrace }).then(
      () => {
        this.#answeredAt = performance.now();
      },
      // No answer is what `silentMs` tells.
      () => undefined,
    );
  }
}
