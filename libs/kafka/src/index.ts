// First: an older Node would fail later, and in words of its own.
import './node-version.ts';
export { grantRights, revokeRights, type AclBinding } from './acls.ts';
export { agreeOnRecord, type AgreedRecordOptions } from './agreed-record.ts';
export { connectKafka, KafkaConnection, withoutCredentials, type ConnectionOptions } from './connection.ts';
export { deadLetter } from './dead-letter.ts';
export * from './errors.ts';
export {
  checkSecurity,
  checkTls,
  revealed,
  nodeTlsOptions,
  type KafkaSecurity,
  type SaslOptions,
  type Secret,
  type TlsOptions,
} from './security.ts';
export type { GroupMember } from './group-consumer.ts';
export { LastingFaults, oncePerFault } from './lasting-faults.ts';
export { guardedLog, type Log, type LogLevel } from './log.ts';
export type { ConnectionMetrics, OutboxMetrics, ProcessorMetrics } from './metrics.ts';
export { recordBytesMax, type SentRecord } from './outbox-request.ts';
export { Outbox, type OutboxOptions } from './outbox.ts';
export type { PartitionPhase } from './owned-partition.ts';
export * from './partition-logic.ts';
export { PartitionProcessor, type PartitionHealth, type ProcessorHealth } from './partition-processor.ts';
export { partitionFor } from './partitioner.ts';
export { isPrefix, prefixExpected } from './prefixed.ts';
export {
  defaultTuning,
  type PartitionProcessorOptions,
  type ProcessorInput,
  type ProcessorTuning,
} from './processor-options.ts';
export * from './record.ts';
export { replicationFactorOf } from './replication-factor.ts';
export { ReplyInbox, type ReplyInboxOptions } from './reply-inbox.ts';
export { TaskConsumer, type Done, type TaskConsumerOptions } from './task-consumer.ts';
export { TaskQueueConsumer, type TaskQueueConsumerOptions, type TaskSource } from './task-queue-consumer.ts';
export type { TopicSpec } from './topic-difference.ts';
export { createTopics, ensureTopics, verifyTopics } from './topics.ts';
export { endsOfUnused, removeTopics, type TopicsInUse } from './unused-topics.ts';
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
} from './trace-context.ts';
export { TransientMap } from './transient-map.ts';
export {
  beginProcess,
  noTracing,
  type Span,
  type SpanAttributes,
  type SpanKind,
  type SpanPlan,
  type Tracing,
} from './tracing.ts';
