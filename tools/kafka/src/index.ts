export { kafkaAnswers, registryAnswers } from './answers.ts';
export { AskedToStopError, runUntilAskedToStop, unlessAborted, whenAskedToStop } from './asked-to-stop.ts';
export { missingOfDocker } from './docker.ts';
export { namedAddresses, type Addresses } from './environment.ts';
export { leasePort, type PortLease } from './ports.ts';
export { awaitProgress, type Awaited } from './progress.ts';
export { securedAdmin, securedUsers } from './secured.ts';
export { startKafka, type RunningKafka, type StartKafkaOptions } from './start-kafka.ts';
export type { Way } from './way.ts';
