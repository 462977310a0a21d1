import type { ProcessorHealth } from './partition-processor.ts';

/** What a strategy starts and stops: a `PartitionProcessor`, whatever its records are. */
export interface StartedProcessor {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): ProcessorHealth;
}

/**
 * Has the shape of Nest's `CustomTransportStrategy`, so a Nest application runs processors as its microservice.
 *
 * Nest's own Kafka transport handles one message at a time, knows no transactions and goes past a record that failed.
 * Records do not pass through Nest here: its proxies and RxJS would cost more than handling them does.
 */
export class PartitionProcessorStrategy {
  readonly #processors: readonly StartedProcessor[];

  constructor(processors: readonly StartedProcessor[]) {
    this.#processors = processors;
  }

  /** Called by Nest; `callback` is told of an error, or that all processors are under way. */
  listen(callback: (error?: unknown) => void): void {
    Promise.all(this.#processors.map((processor) => processor.start())).then(
      () => {
        callback();
      },
      (error: unknown) => {
        callback(error);
      },
    );
  }

  async close(): Promise<void> {
    await Promise.all(this.#processors.map((processor) => processor.stop()));
  }

  /** Ready when all processors are. */
  get isReady(): boolean {
    return this.#processors.every((processor) => processor.health().ready);
  }
}
