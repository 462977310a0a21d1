import { randomUUID } from 'node:crypto';
import { taskTopic, type ActivityTask } from '@ratchet/domain';
import { TaskConsumer } from '@ratchet/kafka';
import {
  attemptOf,
  claimTask,
  connectCluster,
  decodeTaskToken,
  openRequestChannel,
  type CommandDraft,
  type CommandReply,
} from '@ratchet/protocol';
import type { BrokerAddresses } from '@ratchet/testing';

/** A worker that claims every task of a queue and then waits for the test to say what becomes of it. */
export interface HandWorker {
  /** The next task that was granted; waits for it. */
  next(): Promise<ActivityTask>;
  /** Reports for the attempt of a task. */
  report(task: ActivityTask, report: AttemptReport): Promise<CommandReply>;
  close(): Promise<void>;
}

type ReportType = 'Complete' | 'Fail' | 'ReportCanceled' | 'RecordHeartbeat';
type AttemptReport = CommandDraft extends infer C
  ? C extends { readonly type: ReportType }
    ? Omit<C, 'target' | 'attempt' | 'requestId' | 'identity'>
    : never
  : never;

const identity = 'hand-worker';

export async function startHandWorker(
  { brokers, registryUrl }: BrokerAddresses,
  taskQueue: string,
): Promise<HandWorker> {
  const cluster = await connectCluster({ brokers, registry: registryUrl, clientId: identity, createTopics: false });
  const { channel, close } = await openRequestChannel(cluster);
  const topic = taskTopic('default', taskQueue);
  await cluster.ensureTaskTopic(topic);
  const granted: ActivityTask[] = [];
  const waiting: ((task: ActivityTask) => void)[] = [];

  const claim = async (task: ActivityTask, done: () => void): Promise<void> => {
    const { heartbeatTimeoutMs, startToCloseTimeoutMs } = task.options;
    const token = decodeTaskToken(task.taskToken);
    const claimed = await claimTask(channel, {
      token,
      identity,
      heartbeatTimeoutMs,
      startToCloseTimeoutMs,
      trace: undefined,
    });
    done();
    if (claimed.type !== 'granted') return;
    const waiter = waiting.shift();
    if (waiter === undefined) granted.push(task);
    else waiter(task);
  };
  const { connection, codec } = cluster;
  const outbox = cluster.createOutbox();
  const consumer = new TaskConsumer({
    connection,
    outbox,
    groupId: `ratchet.workers.${topic}`,
    topic,
    onRecord: ({ value }, done) => {
      void Promise.resolve(codec.decodeTask(value ?? Buffer.alloc(0))).then((task) => claim(task, done));
    },
  });
  await consumer.start();
  return {
    next: () => {
      const task = granted.shift();
      return task === undefined ? new Promise((resolve) => waiting.push(resolve)) : Promise.resolve(task);
    },
    report: (task, report) => {
      const token = decodeTaskToken(task.taskToken);
      return channel.request({
        ...report,
        target: token.id,
        attempt: attemptOf(token),
        requestId: randomUUID(),
        identity,
      });
    },
    close: async () => {
      await consumer.stop();
      await outbox.close();
      await close();
      await cluster.close();
    },
  };
}
