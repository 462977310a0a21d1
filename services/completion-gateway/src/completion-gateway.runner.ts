import { connectCluster } from '@ratchet/protocol';
import { clusterSettings, connectedRunner, type RunnerTools, type ServiceRunner } from '@ratchet/service-kit';
import type { CompletionGatewayConfig } from './completion-gateway.config.ts';

/** Connects, and so checks topics and schemas like every service; it reads no topic yet. */
export async function createCompletionGatewayRunner(
  config: CompletionGatewayConfig,
  tools: RunnerTools,
): Promise<ServiceRunner> {
  return connectedRunner(await connectCluster(clusterSettings(config, tools)));
}
