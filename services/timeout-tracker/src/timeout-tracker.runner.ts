import { millis } from '@ratchet/domain';
import { PartitionProcessor, type PartitionContext } from '@ratchet/kafka';
import { connectCluster } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { clusterSettings, processorRunner, type RunnerTools, type ServiceRunner } from '@ratchet/service-kit';
import { ownClock, type OwnClock } from './own-clock.ts';
import { TimeoutTrackerLogic } from './timeout-tracker-logic.ts';
import type { TimeoutTrackerConfig } from './timeout-tracker.config.ts';

/** Reads `executions` from its beginning whenever a partition is assigned, and keeps nothing. */
export async function createTimeoutTrackerRunner(
  config: TimeoutTrackerConfig,
  tools: RunnerTools<TimeoutTrackerConfig>,
  own: OwnClock = ownClock,
): Promise<ServiceRunner> {
  const cluster = await connectCluster(clusterSettings(config, tools));
  const { connection, codec } = cluster;
  const outbox = cluster.createOutbox({ metrics: tools.metrics.outbox });
  const taskRetentionMs = millis(config.taskRetentionMs);
  const logics = new Map<number, TimeoutTrackerLogic>();
  const createLogic = (context: PartitionContext): TimeoutTrackerLogic => {
    const logic = new TimeoutTrackerLogic({ context, codec, taskRetentionMs, own });
    logics.set(context.partition, logic);
    return logic;
  };
  tools.metrics.gauge('ratchet_activities_timed', 'Activities with a pending deadline', () =>
    [...logics.values()].reduce((sum, { pendingCount }) => sum + pendingCount, 0),
  );
  const processor = new PartitionProcessor({
    connection,
    service: 'ratchet-timeout-tracker',
    // A snapshot that compaction removed has a later one behind it.
    inputs: [{ topic: topics.executions, start: 'beginning', onGap: 'skip' }],
    createLogic,
    outbox,
    metrics: tools.metrics.processor,
    tuning: { sessionTimeoutMs: config.sessionTimeoutMs },
  });
  return processorRunner({ processor, outbox, cluster });
}
