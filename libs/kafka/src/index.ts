// First: an older Node would fail later, and in words of its own.
import './node-version.ts';
export { grantRights, revokeRights, type AclBinding } from './cluster/acls.ts';
export { agreeOnRecord, type AgreedRecordOptions } from './consumers/agreed-record.ts';
export {
  connectKafka,
  KafkaConnection,
  withoutCredentials,
  type ConnectionOptions,
  type GroupMember,
} from './cluster/connection.ts';
export { deadLetter } from './dead-letter.ts';
export * from './errors.ts';
export {
  areExtensions,
  checkSecurity,
  checkTls,
  extensionsExpected,
  revealed,
  nodeTlsOptions,
  type KafkaSecurity,
  type SaslOptions,
  type Secret,
  type TlsOptions,
} from './cluster/security.ts';
export { guardedLog, LastingFaults, oncePerFault, type Log, type LogLevel } from './log.ts';
export type { LogRange } from './consumers/group-consumer.ts';
export type { ConnectionMetrics, OutboxMetrics, ProcessorMetrics } from './metrics.ts';
export { Outbox, type OutboxOptions } from './outbox/outbox.ts';
export type { PartitionPhase } from './partition/partition-events.ts';
export * from './partition/partition-logic.ts';
export { PartitionProcessor, type PartitionHealth, type ProcessorHealth } from './partition/partition-processor.ts';
export { partitionFor } from './outbox/partitioner.ts';
export { isPrefix, prefixExpected } from './cluster/prefixed.ts';
export {
  defaultTuning,
  type PartitionProcessorOptions,
  type ProcessorInput,
  type ProcessorTuning,
} from './partition/processor-options.ts';
export {
  memoryBytesOf,
  recordBytesMax,
  type Headers,
  type InputRecord,
  type OutputRecord,
  type SentRecord,
} from './record.ts';
export { ReplyInbox, type ReplyInboxOptions } from './consumers/reply-inbox.ts';
export { TaskConsumer, type Done, type TaskConsumerOptions } from './consumers/task-consumer.ts';
export { TaskQueueConsumer, type TaskQueueConsumerOptions, type TaskSource } from './consumers/task-queue-consumer.ts';
export { createTopics, ensureTopics, replicationFactorOf, verifyTopics, type TopicSpec } from './cluster/topics.ts';
export { endsOfUnused, removeTopics, type TopicsInUse } from './cluster/unused-topics.ts';
export {
  isSampled,
  noTrace,
  readTrace,
  spanIdOf,
  traceFields,
  traceHeaders,
  traceIdOf,
  traceOfLine,
  type TraceCarrier,
  type TraceContext,
  type TraceHeader,
} from './tracing/trace-context.ts';
export { TransientMap } from './transient-map.ts';
export {
  beginProcess,
  noTracing,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type SpanPlan,
  type Tracing,
} from './tracing/spans.ts';
