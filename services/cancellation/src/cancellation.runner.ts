import { connectCluster } from '@ratchet/protocol';
import { clusterSettings, connectedRunner, type RunnerTools, type ServiceRunner } from '@ratchet/service-kit';
import type { CancellationConfig } from './cancellation.config.ts';

/** Connects, and so checks topics and schemas like every service; it reads no topic yet. */
export async function createCancellationRunner(config: CancellationConfig, tools: RunnerTools): Promise<ServiceRunner> {
  return connectedRunner(await connectCluster(clusterSettings(config, tools)));
}
