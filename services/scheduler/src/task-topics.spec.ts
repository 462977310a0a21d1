import { setImmediate as turn } from 'node:timers/promises';
import { taskTopic } from '@ratchet/domain';
import { OperationalError } from '@ratchet/kafka';
import { eventually } from '@ratchet/testing';
import { TaskTopics, type QueueLimits } from './task-topics.ts';

/** Brokers that make a topic when they are told to. */
class Brokers {
  readonly topics = new Set<string>();
  /** In the order in which they were asked for. */
  readonly asked: string[] = [];
  readonly refused: string[] = [];
  readonly late: string[] = [];
  readonly #making = new Map<string, PromiseWithResolvers<undefined>>();

  taskTopics(limits: Partial<QueueLimits> = {}): TaskTopics {
    return new TaskTopics({
      list: () => Promise.resolve([...this.topics]),
      create: async (topic) => {
        this.asked.push(topic);
        const making = Promise.withResolvers<undefined>();
        this.#making.set(topic, making);
        await making.promise;
      },
      limits: { taskQueuesMax: 1_000, namespaceTaskQueuesMax: 1_000, ...limits },
      onRefused: (why) => this.refused.push(why),
      onLate: (topic) => this.late.push(topic),
    });
  }

  async made(topic: string): Promise<void> {
    await eventually(() => this.#making.has(topic));
    this.topics.add(topic);
    this.#making.get(topic)?.resolve(undefined);
    this.#making.delete(topic);
    await turn();
  }

  async failed(topic: string, error: Error): Promise<void> {
    await eventually(() => this.#making.has(topic));
    this.#making.get(topic)?.reject(error);
    this.#making.delete(topic);
    await turn();
  }
}

const refusal = new OperationalError('Expected to create it, but the brokers refuse: policy', 'RKT1004', false);
const passing = new OperationalError('Expected to create it, but too few replicas', 'RKT1004', true);

const queueOf = (namespace: string, taskQueue: string) => ({
  queue: { namespace, taskQueue },
  topic: taskTopic(namespace, taskQueue),
});

let brokers: Brokers;
beforeEach(() => {
  brokers = new Brokers();
});

function ask(taskTopics: TaskTopics, namespace: string, taskQueue: string): Promise<string | undefined> {
  const { queue, topic } = queueOf(namespace, taskQueue);
  return taskTopics.make(queue, topic);
}

test('a topic is made once, however many ask for it, and known from then on', async () => {
  const taskTopics = brokers.taskTopics();
  const { topic } = queueOf('default', 'mail');

  const asked = [ask(taskTopics, 'default', 'mail'), ask(taskTopics, 'default', 'mail')];
  expect(taskTopics.isThere(topic)).toBe(false);
  await brokers.made(topic);

  expect(await Promise.all(asked)).toEqual([undefined, undefined]);
  expect(brokers.asked).toEqual([topic]);
  expect(taskTopics.isThere(topic)).toBe(true);
  expect(await ask(taskTopics, 'default', 'mail')).toBeUndefined();
  expect(taskTopics.wantedCount).toBe(0);
});

test('what another scheduler has made is found, and not asked for', async () => {
  const taskTopics = brokers.taskTopics();
  brokers.topics.add(taskTopic('default', 'mail'));
  await taskTopics.look();
  expect(taskTopics.isThere(taskTopic('default', 'mail'))).toBe(true);
});

test('a namespace that asks for sixty has one made at a time, and the next namespace does not wait for it', async () => {
  const taskTopics = brokers.taskTopics();
  for (let n = 0; n < 60; n++) void ask(taskTopics, 'busy', `queue${String(n)}`);
  const other = ask(taskTopics, 'other', 'mail');
  await eventually(() => brokers.asked.length === 2);

  expect(brokers.asked).toEqual([taskTopic('busy', 'queue0'), taskTopic('other', 'mail')]);
  await brokers.made(taskTopic('other', 'mail'));
  expect(await other).toBeUndefined();
});

test('many namespaces take turns, a few at once', async () => {
  const taskTopics = brokers.taskTopics();
  for (let n = 0; n < 6; n++) for (const queue of ['a', 'b']) void ask(taskTopics, `n${String(n)}`, queue);
  await eventually(() => brokers.asked.length === 4);

  for (const namespace of ['n0', 'n1', 'n2']) await brokers.made(taskTopic(namespace, 'a'));

  // The two that had no turn yet come before the second queues of those that had.
  await eventually(() => brokers.asked.length === 7);
  expect(brokers.asked.slice(4)).toEqual([taskTopic('n4', 'a'), taskTopic('n5', 'a'), taskTopic('n0', 'b')]);
});

test('what the brokers refuse is refused at once with queue and reason, and not asked for again so soon', async () => {
  const taskTopics = brokers.taskTopics();
  const asked = ask(taskTopics, 'default', 'mail');
  await brokers.failed(taskTopic('default', 'mail'), refusal);

  const reason = await asked;
  expect(reason).toMatch(/task queue 'mail' of namespace 'default', but it cannot be made: .*policy/);
  expect(await ask(taskTopics, 'default', 'mail')).toBe(reason);
  expect(brokers.asked).toHaveLength(1);
  expect(brokers.refused).toEqual(['brokers']);
});

test('what fails by no fault of the topic is tried again, and delays nobody meanwhile', async () => {
  const taskTopics = brokers.taskTopics();
  const [mail, post] = [ask(taskTopics, 'default', 'mail'), ask(taskTopics, 'default', 'post')];
  await brokers.failed(taskTopic('default', 'mail'), passing);
  await brokers.made(taskTopic('default', 'post'));
  expect(await post).toBeUndefined();

  await brokers.made(taskTopic('default', 'mail'));
  expect(await mail).toBeUndefined();
  expect(brokers.late).toEqual([taskTopic('default', 'mail')]);
  expect(brokers.refused).toEqual([]);
});

describe('how many queues there may be', () => {
  beforeEach(() => {
    for (const queue of ['a', 'b']) brokers.topics.add(taskTopic('full', queue)).add(`${taskTopic('full', queue)}.dlq`);
  });

  test('is limited by namespace; a further priority level of a queue is no further queue', async () => {
    const taskTopics = brokers.taskTopics({ namespaceTaskQueuesMax: 2 });
    expect(await ask(taskTopics, 'full', 'c')).toMatch(
      /the namespace has 2 task queues, and may have 2 \(RATCHET_NAMESPACE_TASK_QUEUES_MAX\)/,
    );
    expect(brokers.refused).toEqual(['limit']);

    const urgent = taskTopic('full', 'a', 1);
    const level = taskTopics.make({ namespace: 'full', taskQueue: 'a' }, urgent);
    const other = ask(taskTopics, 'other', 'a');
    await brokers.made(urgent);
    await brokers.made(taskTopic('other', 'a'));
    expect(await Promise.all([level, other])).toEqual([undefined, undefined]);
    expect(taskTopics.queueCount).toBe(3);
  });

  test('is limited in all', async () => {
    const taskTopics = brokers.taskTopics({ taskQueuesMax: 2 });
    expect(await ask(taskTopics, 'other', 'a')).toMatch(/there are 2 task queues, and there may be 2/);
  });

  test('counts those that others have made since', async () => {
    const taskTopics = brokers.taskTopics({ namespaceTaskQueuesMax: 2 });
    expect(await ask(taskTopics, 'full', 'b')).toBeUndefined();
    expect(brokers.refused).toEqual([]);
  });

  test('is one more when one is removed', async () => {
    const taskTopics = brokers.taskTopics({ namespaceTaskQueuesMax: 2 });
    await taskTopics.look();
    brokers.topics.clear();
    await taskTopics.look();
    const asked = ask(taskTopics, 'full', 'c');
    await brokers.made(taskTopic('full', 'c'));
    expect(await asked).toBeUndefined();
  });

  test('bounds those that wait to be made, too', async () => {
    const taskTopics = brokers.taskTopics({ namespaceTaskQueuesMax: 5 });
    const asked = Array.from({ length: 20 }, (_, n) => ask(taskTopics, 'flood', String(n)));
    expect(taskTopics.wantedCount).toBeLessThanOrEqual(6);
    expect(await asked[19]).toMatch(/others are waited for/);
  });
});

test('who has sent to a topic that is gone is told', () => {
  const taskTopics = brokers.taskTopics();
  const [gone, kept] = [taskTopic('default', 'gone'), taskTopic('default', 'kept')];
  const told: string[] = [];
  const unlisten = taskTopics.onGone((topics) => told.push(...topics));
  taskTopics.found([gone, kept]);

  taskTopics.found([kept]);
  expect(told).toEqual([gone]);
  expect(taskTopics.isThere(gone)).toBe(false);

  unlisten();
  taskTopics.found([]);
  expect(told).toEqual([gone]);
});

test('names are forgotten before they are too many, and stay right', () => {
  const taskTopics = brokers.taskTopics();
  for (let n = 0; n < 20_005; n++) {
    const taskQueue = `q${String(n)}`;
    expect(taskTopics.nameOf({ namespace: 'default', taskQueue }, 0)).toBe(taskTopic('default', taskQueue));
  }
});
