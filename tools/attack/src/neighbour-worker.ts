import { Worker } from '@ratchet/worker';
import { required, variables } from './messages.ts';
import { namespaces } from './target.ts';

/** Runs what the neighbour asks for, over Kafka. */

const worker = await Worker.create({
  brokers: required(variables.brokers),
  registry: required(variables.registryUrl),
  namespace: namespaces.neighbour,
  taskQueue: 'neighbour',
  activities: { noop: (): string => 'done' },
  log: () => undefined,
});
process.once('disconnect', () => process.exit(0));
await worker.run();
