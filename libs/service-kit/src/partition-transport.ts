import { Server, type CustomTransportStrategy } from '@nestjs/microservices';
import type { GroupMember } from '@ratchet/kafka';
import type { ServiceMetrics } from './service-metrics.ts';
import type { Liveness, Readiness, ServiceRunner } from './service-runner.ts';

/** Who was not heard for so long is not ready: others may have what it holds, and nobody answers it. */
const SILENT_MS_MAX = 20_000;
const NOT_CONNECTED: Readiness = { ready: false, details: { state: 'connecting' } };

/**
 * A service's work as a Nest transport strategy: Nest starts and stops it, and nothing more.
 *
 * Records never pass through Nest. Its own handlers answer through Observables, one record at a time, and turn a
 * failure into "Internal server error"; a partition needs its records in order, thousands a second, and the true
 * reason. So the runner calls its handlers itself, and `@EventPattern` methods are not supported here.
 */
export class PartitionTransport extends Server implements CustomTransportStrategy {
  readonly #createRunner: () => Promise<ServiceRunner>;
  readonly #metrics: ServiceMetrics;
  #starting: Promise<void> | undefined;
  #runner: ServiceRunner | undefined;
  #hasStarted = false;
  #stopped = false;

  constructor(createRunner: () => Promise<ServiceRunner>, metrics: ServiceMetrics) {
    super();
    this.#createRunner = createRunner;
    this.#metrics = metrics;
  }

  /** Calls back once the runner takes part, with the error when it cannot. */
  listen(callback: (error?: unknown) => void): void {
    this.#starting = this.#start();
    this.#starting.then(() => {
      callback();
    }, callback);
  }

  /** Waits for a start under way, since half a start cannot be stopped. */
  async close(): Promise<void> {
    this.#stopped = true;
    await this.#starting?.catch(() => undefined);
    await this.#runner?.stop();
  }

  /** Whether it has its settings, is connected and takes part; what it owns may still be restored. */
  started(): Readiness {
    return this.#hasStarted ? { ready: true, details: {} } : NOT_CONNECTED;
  }

  /** Whether it does what it is there for: what the runner says, and every group hears it. */
  readiness(): Readiness {
    if (this.#stopped) return { ready: false, details: { state: 'stopping' } };
    if (!this.#hasStarted || this.#runner === undefined) return NOT_CONNECTED;
    const { ready, details } = this.#runner.readiness();
    const silent = this.#members.filter(({ silentMs }) => silentMs > SILENT_MS_MAX).map(({ groupId }) => groupId);
    return silent.length === 0 ? { ready, details } : { ready: false, details: { ...details, silent } };
  }

  /**
   * Not alive once a group has not been heard although a broker answers and the member was made anew again and again, and
   * once a partition does not get on although nothing is known that it waits for. Everything else, a broker that is away
   * above all, passes without a restart or is not mended by one.
   */
  liveness(): Liveness {
    const deaf = this.#members.filter(({ isDeaf }) => isDeaf).map(({ groupId }) => groupId);
    const stuck = this.#runner?.stuck?.() ?? [];
    const details = { ...(deaf.length === 0 ? {} : { deaf }), ...(stuck.length === 0 ? {} : { stuck }) };
    return { alive: Object.keys(details).length === 0, details };
  }

  on(): never {
    throw new Error('Expected to run without listeners, but one was added: records do not pass through Nest');
  }

  unwrap(): never {
    throw new Error('Expected to run without a server of Nest to unwrap, but one was asked for');
  }

  get #members(): GroupMember[] {
    return [...(this.#runner?.members ?? [])];
  }

  async #start(): Promise<void> {
    this.#showState();
    this.#runner = await this.#createRunner();
    if (!this.#stopped) await this.#runner.start();
    this.#hasStarted = true;
  }

  #showState(): void {
    this.#metrics.gauge(
      'ratchet_group_silence_seconds',
      'How long the coordinator of the group that is heard least has said nothing',
      () => Math.max(0, ...this.#members.map(({ silentMs }) => silentMs / 1000)),
    );
    this.#metrics.gauge(
      'ratchet_partitions_stuck',
      'Partitions that do not get on although nothing is known that they wait for',
      () => this.#runner?.stuck?.().length ?? 0,
    );
    this.#metrics.gauges('ratchet_partition_phase', 'What each owned partition is at', ['partition', 'phase'], () =>
      (this.#runner?.partitions?.() ?? []).map(({ partition, phase }) => ({
        labels: { partition: String(partition), phase },
        value: 1,
      })),
    );
  }
}
