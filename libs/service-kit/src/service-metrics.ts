import { getHeapStatistics } from 'node:v8';
import type { ConnectionMetrics, OutboxMetrics, ProcessorMetrics } from '@ratchet/kafka';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';

/** The metrics of one service; `/metrics` shows all that was registered here. */
export interface ServiceMetrics {
  readonly registry: Registry;
  readonly processor: ProcessorMetrics;
  readonly outbox: OutboxMetrics;
  readonly connection: ConnectionMetrics;
  /** A value that is asked for whenever `/metrics` is. */
  gauge(name: `ratchet_${string}`, help: string, read: () => number): void;
  /** Something that happens, counted by its labels. */
  counter<L extends string>(name: CounterName, help: string, labels: readonly L[]): Counter<L>;
  /** Durations in seconds. */
  durations<L extends string>(name: string, help: string, labels: readonly L[]): Histogram<L>;
  /** Values that are asked for whenever `/metrics` is, by their labels. */
  gauges<L extends string>(name: string, help: string, labels: readonly L[], read: () => Iterable<GaugeValue<L>>): void;
}

/** Ours, and those that Temporal's server has. */
type CounterName = `ratchet_${string}_total` | `activity_${string}` | `service_${string}`;

export interface GaugeValue<L extends string> {
  readonly labels: Readonly<Record<L, string>>;
  readonly value: number;
}

const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** Of activities, which take from milliseconds to a day. */
const latencyBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1_800, 7_200, 86_400];

/** Those of the process itself (memory, event loop, garbage collection) are always there. */
export function createServiceMetrics(service: string): ServiceMetrics {
  const registry = new Registry();
  registry.setDefaultLabels({ service });
  // By default every service would wake a hundred times a second to see how late its event loop is.
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: 100 });
  const heapLimit = gauge(registry, 'ratchet_heap_limit_bytes', 'The heap beyond which the process ends', []);
  const flags = [...process.execArgv, process.env['NODE_OPTIONS'] ?? ''].join(' ');
  heapLimit.set(oldGenerationLimitBytes(getHeapStatistics().heap_size_limit, flags));
  return {
    registry,
    processor: processorMetrics(registry),
    outbox: outboxMetrics(registry),
    connection: connectionMetrics(registry),
    gauge: (name, help, read) => {
      const shown: Gauge = new Gauge({ name, help, registers: [registry], collect: () => shown.set(read()) });
    },
    counter: (name, help, labels) => counter(registry, name, help, labels),
    durations: (name, help, labels) => histogram(registry, name, help, labels, latencyBuckets),
    gauges: (name, help, labels, read) => {
      const shown: Gauge = new Gauge({
        name,
        help,
        labelNames: [...labels],
        registers: [registry],
        collect: () => {
          shown.reset();
          for (const { labels: of, value } of read()) shown.set(of, value);
        },
      });
    },
  };
}

/** Node 24's own, where no flag says otherwise. */
const semiSpaceMiBDefault = 64;
const semiSpaces = 3;

/**
 * What long-lived objects may take: V8 ends the process when they take more. What it calls its heap limit has room for the young
 * generation in it, which is three semi-spaces: of a small heap that is half.
 */
export function oldGenerationLimitBytes(heapSizeLimit: number, flags: string): number {
  const semiSpaceMiB = Number(/--max-semi-space-size=(\d+)/.exec(flags)?.[1] ?? semiSpaceMiBDefault);
  return heapSizeLimit - semiSpaces * semiSpaceMiB * 1024 * 1024;
}

/** What the legs count, once per batch, group or restore. */
function processorMetrics(registry: Registry): ProcessorMetrics {
  const perInput = ['topic', 'partition'] as const;
  const perPartition = ['partition'] as const;
  const handled = counter(registry, 'ratchet_records_handled_total', 'Records handled', perInput);
  const lag = gauge(registry, 'ratchet_input_lag_records', 'Records not yet handled', perInput);
  const states = counter(registry, 'ratchet_states_committed_total', 'State records committed', perPartition);
  const failed = counter(registry, 'ratchet_commits_failed_total', 'Groups not committed', perPartition);
  const restored = counter(registry, 'ratchet_records_restored_total', 'Records restored', perPartition);
  const owned = gauge(registry, 'ratchet_partitions_owned', 'Partitions owned', []);
  const progress = gauge(
    registry,
    'ratchet_restore_progress',
    'How much of its restore was read, 0 to 1',
    perPartition,
  );
  const withProgress = new Set<number>();
  const restoring = (partition: number, part: number): void => {
    withProgress.add(partition);
    progress.set({ partition }, part);
  };
  const committed = durations(registry, 'ratchet_commit_duration_seconds', 'From sealing a group to its commit');
  const restores = durations(registry, 'ratchet_restore_duration_seconds', 'Restoring a partition');
  return {
    handled(topic, partition, { records, lag: left }) {
      handled.inc({ topic, partition }, records);
      lag.set({ topic, partition }, left);
    },
    committed(partition, group) {
      states.inc({ partition }, group.states);
      committed.observe(group.durationMs / 1000);
    },
    commitFailed(partition) {
      failed.inc({ partition });
    },
    restoring,
    restored(partition, { records, durationMs }) {
      restoring(partition, 1);
      restored.inc({ partition }, records);
      restores.observe(durationMs / 1000);
    },
    owned(partitions) {
      owned.set(partitions.length);
      lag.reset();
      for (const partition of [...withProgress].filter((each) => !partitions.includes(each))) {
        withProgress.delete(partition);
        progress.remove({ partition });
      }
    },
  };
}

function outboxMetrics(registry: Registry): OutboxMetrics {
  const records = counter(registry, 'ratchet_records_sent_total', 'Records acknowledged', ['lane']);
  const bytes = counter(registry, 'ratchet_sent_bytes_total', 'Bytes acknowledged', ['lane']);
  const failed = counter(registry, 'ratchet_sends_failed_total', 'Requests to be repeated', ['lane']);
  const unsendable = counter(registry, 'ratchet_records_unsendable_total', 'Records that no broker takes', ['topic']);
  const dead = counter(registry, 'ratchet_records_dead_lettered_total', 'Records dead-lettered', [
    'topic',
    'partition',
  ]);
  const sends = durations(registry, 'ratchet_send_duration_seconds', 'From a request to its acknowledgement');
  return {
    sent(lane, request) {
      records.inc({ lane }, request.records);
      bytes.inc({ lane }, request.bytes);
      sends.observe(request.durationMs / 1000);
    },
    sendFailed(lane) {
      failed.inc({ lane });
    },
    unsendable(topic) {
      unsendable.inc({ topic });
    },
    deadLettered(topic, partition = '') {
      dead.inc({ topic, partition });
    },
  };
}

function connectionMetrics(registry: Registry): ConnectionMetrics {
  const anew = counter(registry, 'ratchet_group_members_made_anew_total', 'Members crashed or not heard', []);
  return {
    memberMadeAnew() {
      anew.inc();
    },
  };
}

const counter = <L extends string>(registry: Registry, name: string, help: string, labels: readonly L[]): Counter<L> =>
  new Counter({ name, help, labelNames: [...labels], registers: [registry] });

const gauge = <L extends string>(registry: Registry, name: string, help: string, labels: readonly L[]): Gauge<L> =>
  new Gauge({ name, help, labelNames: [...labels], registers: [registry] });

const histogram = <L extends string>(
  registry: Registry,
  name: string,
  help: string,
  labels: readonly L[],
  buckets: readonly number[],
): Histogram<L> => new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers: [registry] });

const durations = (registry: Registry, name: string, help: string): Histogram =>
  histogram(registry, name, help, [], durationBuckets);
