import { CacheBudget, millis } from '@ratchet/domain';
import { CancellationLogic } from '@ratchet/cancellation/logic';
import type { TaskTokenSigner } from '@ratchet/protocol';
import { topics, type Codec } from '@ratchet/schemas';
import { SchedulerLogic, TaskTopics } from '@ratchet/scheduler';
import { TimeoutTrackerLogic } from '@ratchet/timeout-tracker/logic';
import type { ServiceInstance, SimulatedService } from './service-instance.ts';
import { beginning } from './world.ts';

export interface ServiceTools {
  readonly codec: Codec;
  readonly signer: TaskTokenSigner;
  readonly partitions: number;
  /** Those of task queues that were made. */
  readonly taskTopics: Set<string>;
}

/** Decoded entities of one instance: so few that nearly all is read from the rows again. */
const cacheBytes = 20_000;

/** More than any world has. */
export const taskTopicLimits = { taskQueuesMax: 100, namespaceTaskQueuesMax: 100 };

/** Where the scheduler keeps its state, in the order of a restore. */
export const stateTopics: readonly string[] = [topics.executions, topics.outcomes];

/** As `createSchedulerRunner` has it. */
export const schedulerService = (tools: ServiceTools): SimulatedService => ({
  name: 'ratchet-scheduler',
  inputs: [
    { topic: topics.commands, start: 'progress' },
    { topic: topics.queries, start: 'progress', onGap: 'skip', behind: topics.commands },
  ],
  stateTopics,
  begin: (instance) => {
    const { codec, signer, partitions } = tools;
    const taskTopics = taskTopicsOf(tools, instance);
    const cache = new CacheBudget(cacheBytes);
    return (context) =>
      new SchedulerLogic({
        context,
        partitions,
        codec,
        signer,
        taskTopics,
        cache,
        log: () => undefined,
        onDropped: () => undefined,
        openStore: () => instance.disk.open(context.partition),
      });
  },
});

/** A topic that is missing is made by a broker that takes its time. */
function taskTopicsOf({ taskTopics: made }: ServiceTools, { parts, process }: ServiceInstance): TaskTopics {
  const { world, log } = parts;
  const asked = <T>(answer: () => T): Promise<T> =>
    new Promise((resolve, reject) => {
      log.call(process, undefined, answer, resolve, reject);
    });
  const create = async (topic: string): Promise<void> => {
    await asked(() => made.add(topic));
    world.say(`${process.name} has made ${topic}`);
  };
  const taskTopics = new TaskTopics({ list: () => asked(() => [...made]), create, limits: taskTopicLimits });
  taskTopics.found([...made]);
  return taskTopics;
}

/** As `createTimeoutTrackerRunner` has it; its clock starts where the wall clock of its process stands. */
export const timeoutTrackerService = ({ codec }: ServiceTools): SimulatedService => ({
  name: 'ratchet-timeout-tracker',
  inputs: [{ topic: topics.executions, start: 'beginning', onGap: 'skip' }],
  begin: ({ process, parts: { world } }) => {
    const aheadMs = process.wallAheadMs;
    const own = (): number => beginning + world.now + aheadMs;
    const taskRetentionMs = millis(20_000);
    return (context) => new TimeoutTrackerLogic({ context, codec, taskRetentionMs, own });
  },
});

/** As `createCancellationRunner` has it. */
export const cancellationService = ({ codec, signer, partitions }: ServiceTools): SimulatedService => ({
  name: 'ratchet-cancellation',
  inputs: [{ topic: topics.cancellations, start: 'group', onGap: 'skip' }],
  begin: ({ parts: { world } }) => {
    const own = (): number => world.now;
    return (context) => new CancellationLogic({ context, codec, signer, partitions, own, onGivenUp: () => undefined });
  },
});
