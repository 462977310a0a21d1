export { configureTopic } from './configure-topic.ts';
export { apiKeys, KafkaProxy, type Fate, type ProxiedRequest } from './kafka-proxy.ts';
export { readTopic } from './read-topic.ts';
export type { FetchedBatch } from '../consumers/group-consumer.ts';
export * from '../partition/partition-events.ts';
export { PartitionMachine } from '../partition/partition-machine.ts';
export { PartitionReader } from '../partition/partition-reader.ts';
export type { SealedGroup } from '../partition/record-handler.ts';
