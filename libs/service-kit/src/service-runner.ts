import type { GroupMember, PartitionHealth } from '@ratchet/kafka';
import type { ServiceLog } from './service-log.ts';
import type { SettingsChanges } from './live-config.ts';
import type { ServiceMetrics } from './service-metrics.ts';

/** Whether a service does its work, and what an operator wants to see of it. */
export interface Readiness {
  readonly ready: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Whether the process can go on by itself; if not, a new one may. */
export interface Liveness {
  readonly alive: boolean;
  readonly details: Readonly<Record<string, unknown>>;
}

/** What a service does all day, as the doorman sees it: something to start, to stop and to ask. */
export interface ServiceRunner {
  /** Resolves once it takes part; what it owns may still be restored. Rejects when it cannot. */
  start(): Promise<void>;
  /** Finishes what is in hand, then leaves. Safe to call twice. */
  stop(): Promise<void>;
  readiness(): Readiness;
  /** Partitions that do not get on although nothing is known that they wait for. Absent: it owns none. */
  stuck?(): readonly number[];
  /** The partitions that it owns, and what each is at. Absent: it owns none. */
  partitions?(): readonly Pick<PartitionHealth, 'partition' | 'phase'>[];
  /** The groups that it is a member of. */
  readonly members: Iterable<GroupMember>;
}

/** What `runService` lends to a runner: `C` is the configuration of the service. */
export interface RunnerTools<C = unknown> {
  /** Of the service. */
  readonly name: string;
  readonly log: ServiceLog;
  readonly metrics: ServiceMetrics;
  /** Of the configuration that the runner was made with. */
  readonly changes: SettingsChanges<C>;
  /** Aborted when the service is asked to stop: a start that still waits for something is of no use then. */
  readonly signal: AbortSignal;
  /** The runner cannot go on: the process says so and ends with code 1. */
  readonly fail: (error: unknown) => void;
}

/** Connects to the world and makes the runner; called once, after health answers. */
export type RunnerFactory<C = unknown> = (tools: RunnerTools<C>) => Promise<ServiceRunner>;
