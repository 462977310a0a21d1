import type { Readiness, ServiceRunner } from '@ratchet/service-kit';

export interface GatewayParts {
  readonly members: ServiceRunner['members'];
  /** More of its readiness: what it lacks. */
  readonly lacks: () => Readiness['details'];
  /** Opens the doors. @returns what closes them, once all who came in have been answered. */
  readonly open: () => Promise<() => Promise<void>>;
  /** After the doors are closed. */
  readonly disconnect: () => Promise<void>;
}

/** Ready as long as its doors are open. */
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
    this.#closeDoors = await this.#parts.open();
  }

  stop(): Promise<void> {
    return (this.#stopping ??= this.#stop());
  }

  readiness(): Readiness {
    const ready = this.#closeDoors !== undefined && this.#stopping === undefined;
    return { ready, details: { doors: ready ? 'open' : 'closed', ...this.#parts.lacks() } };
  }

  async #stop(): Promise<void> {
    await this.#closeDoors?.();
    await this.#parts.disconnect();
  }
}
