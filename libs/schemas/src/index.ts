export { createCodec, type CodecLog, type CodecOptions } from './create-codec.ts';
export { Codec, type SchemaIds } from './codec.ts';
export { localCodec } from './local-codec.ts';
export type { FetchSchema } from './reader-table.ts';
export { basic, type RegistryAccess } from './registry/registry-address.ts';
export { SchemaRegistryError, type SchemaRegistryErrorCode } from './registry/schema-registry-error.ts';
export {
  kafkaUser,
  principals,
  rightsOf,
  userOf,
  type Operation,
  type KafkaPrincipal,
  type Right,
  type RightsOptions,
} from './rights.ts';
export { subjects, type Compatibility, type RecordName, type Subject } from './subject.ts';
export { UnreadableRecordError } from './unreadable-record-error.ts';
export { deadLetterTopic, topics } from './topics.ts';
export {
  partitionsDefault,
  taskTopicSpecs,
  topicSpecs,
  type Replication,
  type TopicSpec,
  type TopicSpecOptions,
} from './topic-specs.ts';
