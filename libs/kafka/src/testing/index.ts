export { configureTopic } from './configure-topic.ts';
export { apiKeys, KafkaProxy, type Fate, type ProxiedRequest } from './kafka-proxy.ts';
export { readTopic } from './read-topic.ts';
