export { activityIdOf } from './activity-id-of.ts';
export { after } from './after.ts';
export { asApplicationFailure } from './as-application-failure.ts';
export { claimTask, type ClaimRequest, type ClaimResult } from './claim.ts';
export { closeCluster } from './close-cluster.ts';
export type { TopicsMode } from './join-cluster.ts';
export { connectCluster, type Cluster, type ClusterOptions } from './connect-cluster.ts';
export { descriptionOf, type ConnectionDescription, type RegistryOptions } from './connection-description.ts';
export * from './data-converter.ts';
export { DeadlineClock, type Due } from './deadline-clock.ts';
export * from './duration.ts';
export * from './failure-converter.ts';
export * from './failures.ts';
export { logOfConnection } from './log-of-connection.ts';
export * from './option-shape.ts';
export {
  openRequestChannel,
  requestRecords,
  type OpenRequestChannel,
  type OpenRequestChannelOptions,
} from './open-request-channel.ts';
export type { PayloadCodec } from './payload-codec.ts';
export * from './payload-converter.ts';
export { readable } from './readable.ts';
export { pauseMsAfter, repetitions, type Repetition } from './repetition.ts';
export * from './request-channel.ts';
export { loadRequestMetrics, type CountedRequest, type RequestMetrics } from './request-metrics.ts';
export { requireNamespace } from './require-namespace.ts';
export { TaskReader, type ReadTask, type TaskReaderOptions } from './task-reader.ts';
export { taskGroup, taskSources } from './task-sources.ts';
export * from './task-token.ts';
export { asText, detailsOf, errorText, fieldOf, isError, isInstance } from './thrown.ts';
export { attributesOf, loadTracing } from './tracing.ts';
