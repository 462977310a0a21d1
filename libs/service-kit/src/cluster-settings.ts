import type { ConnectionMetrics, Log } from '@ratchet/kafka';
import { describedConnection, type DescribedConnection } from './connection.settings.ts';
import type { Environment } from './setting.ts';
import type { TopicsConfig } from './topics.settings.ts';
import { tokenKeyRing, type ServiceConfig, type TokenKeySetting } from './settings.ts';
import type { RunnerTools } from './service-runner.ts';

/** How a service connects to its cluster: what `connectCluster` of `@ratchet/protocol` wants to know. */
export interface ClusterSettings extends DescribedConnection {
  readonly clientId: string;
  readonly createTopics: true;
  readonly partitions: number;
  readonly replication: Environment;
  readonly topics: TopicsConfig['topics'];
  readonly replicationFactor: number | undefined;
  readonly minInsyncReplicas: number | undefined;
  readonly tokenKeys: readonly TokenKeySetting[];
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly metrics: ConnectionMetrics;
}

/**
 * The cluster that a service's configuration names; unless `RATCHET_TOPICS` says otherwise, a service makes the topics that are
 * missing.
 */
export const clusterSettings = <C extends ServiceConfig & Parameters<typeof tokenKeyRing>[0]>(
  config: C,
  { name, log, metrics, signal, changes }: RunnerTools<C>,
): ClusterSettings => ({
  ...describedConnection(config, changes),
  clientId: `ratchet-${name}`,
  createTopics: true,
  partitions: config.partitions,
  replication: config.environment,
  topics: config.topics,
  replicationFactor: config.replicationFactor,
  minInsyncReplicas: config.minInsyncReplicas,
  tokenKeys: tokenKeyRing(config),
  signal,
  metrics: metrics.connection,
  log: (level, message, fields = {}) => {
    log[level]({ ...fields, context: 'kafka' }, message);
  },
});
