export { startCluster } from './cluster.ts';
export { connectBroker, type BrokerAddresses } from './connect-broker.ts';
export { eventually, type EventuallyOptions } from './eventually.ts';
export { Random } from './random.ts';
export { uniqueName } from './unique-name.ts';
export { startKafka, type RunningKafka } from '@ratchet/tools-kafka';
