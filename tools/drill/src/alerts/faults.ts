import { setTimeout as pause } from 'node:timers/promises';
import { taskTopic } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import { apiKeys } from '@ratchet/kafka/testing';
import { createTokenSigner } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import { Worker } from '@ratchet/worker';
import { crampedMember, type AlertStage } from './alert-stage.ts';
import type { FiringAlert } from './prometheus.ts';

/** Something that is really done to a stage, and the alert that is there for it. */
export interface AlertFault {
  readonly alert: string;
  /** What is done. */
  readonly what: string;
  /** Of the labels that the alert must have. */
  readonly labels: Partial<FiringAlert>;
  /** Alerts that ring with it, since they are about the same thing. */
  readonly also?: readonly string[];
  /** Does it. @returns what mends it. */
  readonly make: (stage: AlertStage) => Promise<() => Promise<void> | void>;
}

/** A number of Kafka's protocol: how a producer asks for the epoch that fences its forerunner. */
const initProducerId = 22;
const queues = { unread: 'alerts-unread', slow: 'alerts-slow', big: 'alerts-big' } as const;

const start = (
  { client }: AlertStage,
  taskQueue: string,
  args: readonly unknown[] = [],
  startToClose: `${number}s` = '600s',
): Promise<unknown> => client.start('quick', { taskQueue, args: [...args], timeouts: { startToClose } } as never);

const kill = (role: string) => async (alerts: AlertStage) => {
  const { stage } = alerts;
  const members = alerts.membersOf(role);
  await Promise.all(members.map((member) => stage.remove(member, 'SIGKILL')));
  return async (): Promise<void> => {
    await Promise.all(members.map(() => stage.add(role as 'scheduler').process.ready()));
  };
};

/** What takes five minutes of real time to be an alert's business: begun first, looked at last. */
export const slowFaults: readonly AlertFault[] = [
  {
    alert: 'RatchetNoWorkers',
    what: 'an activity for a queue that nobody reads',
    labels: { taskqueue: queues.unread, namespace: 'default' },
    make: async (alerts) => {
      await start(alerts, queues.unread);
      return () => undefined;
    },
  },
  {
    alert: 'RatchetBacklogAge',
    what: 'a worker with one slot, and six minutes of work for it',
    labels: { taskqueue: queues.slow, namespace: 'default' },
    make: async (alerts) => {
      const { brokers, registryUrl: registry } = alerts.stage.kafka;
      const worker = await Worker.create({
        brokers,
        registry,
        taskQueue: queues.slow,
        maxConcurrentActivities: 1,
        activities: { quick: () => pause(4_000) },
      });
      const run = worker.run();
      await Promise.all(Array.from({ length: 110 }, () => start(alerts, queues.slow)));
      return async () => {
        worker.shutdown();
        await run;
      };
    },
  },
  {
    alert: 'RatchetCallbacksLate',
    what: 'a receiver of callbacks that answers with an error',
    labels: { namespace: 'ratchet' },
    make: (alerts) => alerts.askForCallback(queues.unread, 503),
  },
];

/** What is done at once, since one has nothing to do with the other; one group after the other. */
export const faultGroups: readonly (readonly AlertFault[])[] = [
  [
    {
      alert: 'RatchetDeadLetters',
      what: 'bytes in the command log that are no record',
      labels: { service: 'scheduler', topic: topics.commands },
      make: async ({ cluster }) => {
        const outbox = cluster.createOutbox();
        const key = 'default//nonsense';
        const partition = partitionFor(key, cluster.partitions);
        await outbox.send({ topic: topics.commands, key, partition, value: Buffer.from('nonsense') });
        return () => outbox.close();
      },
    },
    {
      alert: 'RatchetCommandsUnproved',
      what: 'completions whose tokens somebody else has signed',
      labels: { namespace: 'ratchet' },
      make: async ({ client }) => {
        const signer = createTokenSigner('the secret of another cluster, not of this one');
        const forged = Array.from({ length: 20 }, (_, index) =>
          signer.sign({
            id: {
              namespace: 'default',
              workflowId: '',
              runId: crypto.randomUUID(),
              activityId: `forged-${String(index)}`,
            },
            scheduleOffset: index,
            attempt: 1,
            stamp: 1,
          }),
        );
        await Promise.allSettled(forged.map((token) => client.complete(token, 'forged')));
        return () => undefined;
      },
    },
    {
      alert: 'RatchetTaskQueueRefused',
      what: 'one task queue more than there may be',
      labels: { reason: 'limit' },
      make: async (alerts) => {
        await Promise.all(['one', 'two', 'three', 'four'].map((name) => start(alerts, `alerts-too-many-${name}`)));
        return () => undefined;
      },
    },
    {
      alert: 'RatchetRecordsUnsendable',
      what: 'the largest record of a topic is made smaller than those that are sent to it',
      labels: { service: 'scheduler', topic: taskTopic('default', queues.big) },
      make: async (alerts) => {
        await start(alerts, queues.big, [], '1s');
        const topic = taskTopic('default', queues.big);
        await waitUntil(() => alerts.cluster.connection.partitionCounts.exists(topic));
        const takeBack = await alerts.configure(topic, { 'max.message.bytes': '2000' });
        await start(alerts, queues.big, [alerts.largeArgument(20_000)], '1s');
        return takeBack;
      },
    },
    {
      alert: 'RatchetSettingsRefused',
      what: 'a file of a setting that nobody can read',
      labels: { service: 'completion-gateway' },
      make: (alerts) => {
        alerts.writeWebhooks('[{"name":');
        return Promise.resolve(() => {
          alerts.writeWebhooks();
        });
      },
    },
    {
      alert: 'RatchetLimitReached',
      what: 'more polls than may be open, again and again',
      labels: { limit: 'RATCHET_POLLS_MAX' },
      make: (alerts) => {
        const end = new AbortController();
        const url = alerts.member('completion-gateway-1').process.doors?.httpUrl ?? '';
        const poll = async (index: number): Promise<void> => {
          const path = `${url}/api/v1/namespaces/default/activities/none-${String(index)}`;
          while (!end.signal.aborted) {
            await fetch(`${path}/result?wait=20s`, { signal: end.signal }).then(
              (answer) => answer.text(),
              () => '',
            );
            await pause(500);
          }
        };
        const polling = Array.from({ length: 80 }, (_, index) => poll(index));
        return Promise.resolve(async () => {
          end.abort();
          await Promise.all(polling);
        });
      },
    },
    {
      alert: 'RatchetCallbacksGivenUp',
      what: 'a receiver of callbacks that says it is gone for good',
      labels: { namespace: 'ratchet' },
      make: (alerts) => alerts.askForCallback(queues.unread, 410),
    },
    {
      alert: 'RatchetEventLoopLag',
      what: 'a process that is given a third of a core, in pieces of a second',
      labels: { service: 'cancellation' },
      make: (alerts) => Promise.resolve(alerts.starve(alerts.member('cancellation-1'), 800, 400)),
    },
    {
      alert: 'RatchetHeapHeadroom',
      what: 'an instance whose heap is bounded too tightly',
      labels: { service: 'cancellation' },
      make: async ({ stage }) => {
        const member = stage.add('cancellation');
        if (member.name !== crampedMember)
          throw new Error(`Expected to add ${crampedMember}, but it is ${member.name}`);
        await member.process.ready();
        return () => stage.remove(member, 'SIGTERM');
      },
    },
  ],
  [
    {
      alert: 'RatchetPartitionWithoutOwner',
      what: 'an instance that is stopped, for as long as its session lasts',
      labels: { service: 'timeout-tracker' },
      make: (alerts) => {
        const { pid = 0 } = alerts.member('timeout-tracker-1');
        process.kill(pid, 'SIGSTOP');
        return Promise.resolve(() => void process.kill(pid, 'SIGCONT'));
      },
    },
    {
      alert: 'RatchetServiceMissing',
      what: 'both instances of a service are killed',
      labels: { service: 'cancellation' },
      make: kill('cancellation'),
    },
  ],
  [
    {
      alert: 'RatchetGatewaySlow',
      what: 'a link to the broker that takes a second and a half to bring records to schedulers',
      labels: { namespace: 'ratchet' },
      make: (alerts) =>
        Promise.resolve(
          alerts.disturb('scheduler', (key) => (key === apiKeys.fetch ? { answerDelayMs: 1_500 } : 'forward')),
        ),
    },
    {
      alert: 'RatchetTimerLag',
      what: 'a link to the broker that takes seven seconds to bring records to timeout-trackers',
      labels: { namespace: 'ratchet' },
      make: (alerts) =>
        Promise.resolve(
          alerts.disturb('timeout-tracker', (key) => (key === apiKeys.fetch ? { answerDelayMs: 7_000 } : 'forward')),
        ),
    },
  ],
  [
    {
      alert: 'RatchetInputLagGrows',
      what: 'more comes than a slow link brings to the schedulers',
      labels: { service: 'scheduler', topic: topics.commands },
      also: ['RatchetGatewaySlow', 'RatchetTimerLag', 'RatchetGatewayErrors'],
      make: (alerts) => {
        const forward = alerts.disturb('scheduler', (key) =>
          key === apiKeys.fetch ? { answerDelayMs: 3_000 } : 'forward',
        );
        const flood = setInterval(() => {
          for (let count = 0; count < 10; count++)
            void start(alerts, queues.unread, [alerts.largeArgument(10_000)]).catch(() => undefined);
        }, 100);
        return Promise.resolve(() => {
          clearInterval(flood);
          forward();
        });
      },
    },
  ],
  [
    {
      alert: 'RatchetCommitFailures',
      what: 'more replicas are asked for than there are',
      labels: { service: 'scheduler' },
      make: (alerts) => alerts.configure(topics.executions, { 'min.insync.replicas': '2' }),
    },
  ],
  [
    {
      alert: 'RatchetRestoreTooLong',
      what: 'the transaction coordinator does not answer an instance that starts',
      labels: { service: 'scheduler' },
      also: ['RatchetGatewayErrors', 'RatchetGatewaySlow', 'RatchetTimerLag'],
      make: async (alerts) => {
        const forward = alerts.disturb('scheduler', (key) => (key === initProducerId ? 'swallow-answer' : 'forward'));
        await alerts.member('scheduler-1').kill();
        return forward;
      },
    },
  ],
  [
    {
      alert: 'RatchetGatewayErrors',
      what: 'no scheduler answers',
      labels: { namespace: 'ratchet' },
      also: ['RatchetServiceMissing'],
      make: kill('scheduler'),
    },
  ],
  [
    {
      alert: 'RatchetLogClockAhead',
      what: "a broker's clock that was ahead by 45 s and is set right",
      labels: { namespace: 'ratchet' },
      also: ['RatchetTimerLag'],
      make: async ({ clocks, stage }) => {
        clocks.set('broker', 45);
        await stage.pause(5_000);
        clocks.set('broker', 0);
        return () => undefined;
      },
    },
  ],
  [
    {
      alert: 'RatchetGroupNotHeard',
      what: 'a broker that does not answer',
      labels: { service: 'scheduler' },
      also: ['RatchetGatewayErrors', 'RatchetGatewaySlow', 'RatchetTimerLag'],
      make: ({ stage }) => {
        stage.kafka.signalBroker(1, 'SIGSTOP');
        return Promise.resolve(() => {
          stage.kafka.signalBroker(1, 'SIGCONT');
        });
      },
    },
    {
      alert: 'RatchetMembersMadeAnew',
      what: 'it is the same broker',
      labels: { service: 'scheduler' },
      make: () => Promise.resolve(() => undefined),
    },
  ],
];

/** After it nothing goes on as it was: the last. */
export const lastFault: AlertFault = {
  alert: 'RatchetPartitionStopped',
  what: 'commands are deleted before a scheduler has read them',
  labels: { service: 'scheduler', phase: 'stopped', partition: '0' },
  also: ['RatchetServiceMissing', 'RatchetGatewayErrors', 'RatchetGatewaySlow', 'RatchetTimerLag'],
  make: async (alerts) => {
    await kill('scheduler')(alerts);
    // The load goes on writing commands meanwhile.
    await pause(5_000);
    const { admin } = alerts.cluster.connection;
    const [{ high } = { high: '0' }] = (await admin.fetchTopicOffsets(topics.commands)).filter(
      ({ partition }) => partition === 0,
    );
    await admin.deleteTopicRecords({ topic: topics.commands, partitions: [{ partition: 0, offset: high }] });
    for (let index = 0; index < 2; index++) alerts.stage.add('scheduler');
    return () => undefined;
  },
};

/** Alerts that no fault from outside makes ring, and why their unit test in `deploy/prometheus` stands alone. */
export const onlyByUnitTest: Readonly<Record<string, string>> = {
  RatchetPartitionStuck:
    'a partition that has work, owner and broker and does not get on for two minutes is a fault of our own code; whatever ' +
    'can be done to it from outside is something that it is known to wait for, and rings otherwise',
};

async function waitUntil(check: () => Promise<boolean>): Promise<void> {
  while (!(await check())) await pause(200);
}
