import type { Readiness, ServiceRunner } from '@ratchet/service-kit';
import { unansweredMsMax, type AnswerProbe } from './answer-probe.ts';

export interface GatewayParts {
  readonly members: ServiceRunner['members'];
  /** More of its readiness: what it lacks. */
  readonly lacks: () => Readiness['details'];
  readonly probe: Pick<AnswerProbe, 'start' | 'stop' | 'silentMs'>;
  /** Opens the doors. @returns what closes them, once all who came in have been answered. */
  readonly open: () => Promise<() => Promise<void>>;
  /** After the doors are closed. */
  readonly disconnect: () => Promise<void>;
}

/** Ready as long as its doors are open and schedulers answer it. */
export class GatewayRunner implements ServiceRunner {
  readonly #parts: GatewayParts;
  #closeDoors: (() => Promise<void>) | undefined;
  #stopping: Promise<void> | undefined;

  constructor(parts: GatewayParts) {
    this.#parts = parts;
  }

  get members(): ServiceRunner['members'] {
    return this.#parts.members;
  }

  async start(): Promise<void> {
    this.#parts.probe.start();
    this.#closeDoors = await this.#parts.open();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  readiness(): Readiness {
    const { probe, lacks } = this.#parts;
    const isOpen = this.#closeDoors !== undefined && this.#stopping === undefined;
    const isAnswered = probe.silentMs <= unansweredMsMax;
    const details = { doors: isOpen ? 'open' : 'closed', schedulers: isAnswered ? 'answer' : 'silent', ...lacks() };
    return { ready: isOpen && isAnswered, details };
  }

  async #stop(): Promise<void> {
    this.#parts.probe.stop();
    await this.#closeDoors?.();
    await this.#parts.disconnect();
  }
}
