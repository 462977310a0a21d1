import type { KafkaConnection } from '../cluster/connection.ts';
import type { ProcessorMetrics } from '../metrics.ts';
import type { Outbox } from '../outbox/outbox.ts';
import type { PartitionContext, PartitionLogic } from './partition-logic.ts';

/** A topic that is read. All inputs, and the state topics, must have the same number of partitions. */
export interface ProcessorInput {
  readonly topic: string;
  /**
   * Where reading begins when a partition is assigned:
   * - `progress`: where `restored()` of the logic says; offset 0 when it does not name the topic;
   * - `beginning`: at the beginning; what stands there already goes to `restore`, what follows to `decode` and `handle`;
   * - `group`: at the group's committed offset, which is committed once the effects of a record are acknowledged.
   */
  readonly start: 'progress' | 'beginning' | 'group';
  /**
   * What to do when records were deleted before they were read: `stop` the partition with RKT1005 (the default), or
   * `skip` them, where whoever wrote them writes again by itself. A log that was made anew is then read from its beginning.
   */
  readonly onGap?: 'stop' | 'skip';
  /**
   * Another input, which a partition that was just taken catches up with first: up to where its log ended then. For
   * questions, whose askers may know all that stands there. Default: none.
   */
  readonly behind?: string;
}

export interface PartitionProcessorOptions<T> {
  readonly connection: KafkaConnection;
  /** The consumer group's id, and the beginning of the transactional ids `<service>-<partition>`. */
  readonly service: string;
  readonly inputs: readonly ProcessorInput[];
  /**
   * Where state and progress are committed, in one transaction over all of them, and restored from, one after the other in this
   * order. Without any nothing is fenced.
   */
  readonly stateTopics?: readonly string[];
  /** Called anew at every assignment. */
  readonly createLogic: (context: PartitionContext) => PartitionLogic<T>;
  /**
   * Partitions of whose state this instance has a store, each with how fresh it is: of two the larger is closer to the end of
   * the state topic. Asked whenever the group forms anew: what nobody owns goes to whoever has the freshest. Default: none.
   */
  readonly stores?: () => ReadonlyMap<number, number>;
  /**
   * How many copies of each partition's state there are beside the owner's, as far as there are instances: this one keeps its share
   * of them. Default: none.
   */
  readonly standbyCopies?: number;
  /** Where effects go. The processor does not close it. */
  readonly outbox: Outbox;
  /** `<topic>.dlq` by default. */
  readonly deadLetterTopic?: (topic: string) => string;
  readonly metrics?: ProcessorMetrics;
  readonly tuning?: Partial<ProcessorTuning>;
}

/** Sizes and times with good defaults; tests make them small. */
export interface ProcessorTuning {
  /** An instance that is silent for this long has lost its partitions; 10 s. */
  readonly sessionTimeoutMs: number;
  /** How long a fetch waits at the broker for something to come; 100 ms. */
  readonly fetchWaitMs: number;
  /** A state commit that someone waits for, and that is not held back by the one before, comes this long after the change; 20 ms. */
  readonly commitDelayMs: number;
  /** State commits of a partition are at least this far apart; 250 ms. */
  readonly commitIntervalMs: number;
  /** How far apart they are where nobody waits for them, unless the instance owns many partitions; 1 s. */
  readonly commitTurnMs: number;
  /** Input bytes of a group; beyond, it is sealed whether its turn has come or not. 2 MiB. */
  readonly groupBytesMax: number;
  readonly groupKeysMax: number;
  /** Fetched bytes of a partition that wait to be handled; beyond, its topics are paused. 4 MiB. */
  readonly queueBytesMax: number;
  /** Bytes of effects that are not yet acknowledged; beyond, handling waits. 64 MiB. */
  readonly outboxBytesMax: number;
  readonly transactionTimeoutMs: number;
  /** A partition that has work, and nothing known that it waits for, is stuck after this long; two minutes. */
  readonly stuckMsMax: number;
}

const MiB = 1024 * 1024;

export const defaultTuning: ProcessorTuning = {
  sessionTimeoutMs: 10_000,
  fetchWaitMs: 100,
  commitDelayMs: 20,
  commitIntervalMs: 250,
  commitTurnMs: 1000,
  groupBytesMax: 2 * MiB,
  groupKeysMax: 5000,
  queueBytesMax: 4 * MiB,
  outboxBytesMax: 64 * MiB,
  transactionTimeoutMs: 30_000,
  stuckMsMax: 120_000,
};

/** What a handler knows of the processor it works for. */
export type HandlerOptions<T> = Pick<PartitionProcessorOptions<T>, 'service' | 'stateTopics' | 'deadLetterTopic'> & {
  readonly connection: Pick<KafkaConnection, 'log' | 'realName' | 'tracing'>;
};

/** Whether anything is committed but positions. */
export const hasState = ({ stateTopics = [] }: { readonly stateTopics?: readonly string[] }): boolean =>
  stateTopics.length > 0;

/** What a machine is made of. */
export interface MachineOptions<T> extends HandlerOptions<T>, Pick<PartitionProcessorOptions<T>, 'inputs'> {
  readonly partition: number;
  readonly tuning: ProcessorTuning;
  readonly logic: PartitionLogic<T>;
  /** How many answers of the group must come before the partition may be fenced: a stale owner gets none. */
  readonly confirmations: number;
  readonly leaseUntil: number;
  /** How many partitions the instance owns, this one among them. */
  readonly ownedCount: number;
  readonly now: number;
}

/** Sizes and times of a machine that nobody sets. */
export const machineLimits = {
  /** Records that are decoded and handled before the event loop gets its turn: effects go out meanwhile. */
  sliceRecords: 256,
  /** So few records are handled at once; of more, the next fetch is sent off first, to overlap with the work. */
  inlineRecordsMax: 32,
  /** How often a handler that waits for room in the outbox looks again. */
  roomLookMs: 5,
  /** How long a partition is stopped by a right that is missing. */
  deniedRetryMs: 10_000,
  /** Sealed groups, the one being written included; with so many, input waits. */
  groupsMax: 2,
  /** State commits of an instance for which nobody waits: with more partitions each has its turn more seldom. */
  commitsPerSecond: 16,
  /** But at least so often: what is not committed is decided again by the next owner. */
  commitTurnMsMax: 5_000,
} as const;
