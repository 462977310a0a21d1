import { setImmediate as turn } from 'node:timers/promises';
import { partitionKey, type Command, type ExecutionId, type StateRecord } from '@ratchet/domain';
import { OperationalError, partitionFor, type OutputRecord } from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import {
  charge,
  codec,
  partition,
  partitions,
  payments,
  repliesIn,
  schedule,
  Stage,
  tasksIn,
  topicsOf,
} from './scheduler-logic.fixture.ts';
import { TaskTopics } from './task-topics.ts';

/** Brokers that have no topic, and make one when they are told to. */
function noTopics() {
  const made = Promise.withResolvers<undefined>();
  const list: string[] = [];
  const taskTopics = new TaskTopics({
    list: () => Promise.resolve(list),
    create: async () => {
      await made.promise;
    },
    limits: { taskQueuesMax: 10, namespaceTaskQueuesMax: 10 },
  });
  return {
    taskTopics,
    make: async (): Promise<void> => {
      made.resolve(undefined);
      await someTurns();
    },
    refuse: async (): Promise<void> => {
      made.reject(new OperationalError('Expected to create it, but the brokers refuse: policy', 'RKT1004', false));
      await someTurns();
    },
  };
}

async function someTurns(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn();
}

const stageWith = (taskTopics: TaskTopics): Stage => new Stage(undefined, undefined, undefined, taskTopics);

const tasksOf = (records: readonly OutputRecord[]) => tasksIn({ effects: records, changedKeys: [] });

const commandsOf = (records: readonly OutputRecord[]): Promise<readonly Command[]> =>
  Promise.all(
    records
      .filter(({ topic, value }) => topic === topics.commands && value !== null)
      .map(async ({ value }) => codec.decodeCommand(value ?? Buffer.alloc(0))),
  ).then((all) => all.filter(({ type }) => type !== 'UseRules'));

async function unsentOf(sealed: ReadonlyMap<string, Buffer | null>): Promise<unknown> {
  const progress: StateRecord = await codec.decodeState(sealed.get('__progress') ?? Buffer.alloc(0));
  return progress.type === 'Progress' ? (progress.unsentTopics ?? []) : undefined;
}

/** Of the stage's partition. */
function* others(): Generator<ExecutionId, never> {
  for (let n = 2; ; n++) {
    const id = { ...charge, activityId: `charge-${String(n)}` };
    if (partitionFor(partitionKey(id), partitions) === partition) yield id;
  }
}
const another = others().next().value;

test('of a start with a delay the topic is made before the task is due', async () => {
  const { taskTopics, make } = noTopics();
  const stage = stageWith(taskTopics);
  await stage.command(
    schedule({ options: { taskQueue: 'payments', startToCloseTimeoutMs: 10_000, startDelayMs: 60_000 } }),
    1_000,
  );
  expect(taskTopics.wantedCount).toBe(1);
  await make();
  expect(taskTopics.isThere(payments)).toBe(true);
});

test('a decision does not wait for the topic: it is answered, and the next is decided; the tasks follow once it is there', async () => {
  const { taskTopics, make } = noTopics();
  const stage = stageWith(taskTopics);

  const output = await stage.command(schedule({ awaitOutcome: false }), 1_000);
  const next = await stage.command(schedule({ target: another, awaitOutcome: false }), 1_001);

  for (const each of [output, next]) {
    expect(await repliesIn(each)).toMatchObject([{ body: { type: 'Accepted', answer: { started: true } } }]);
    expect(await tasksIn(each)).toEqual([]);
  }
  expect(stage.logic.heldCount).toBe(2);
  expect(await unsentOf(stage.seal())).toEqual([payments]);

  await make();
  expect(await tasksOf(stage.sent)).toMatchObject([{ id: charge, attempt: 1 }, { id: another }]);
  expect(stage.logic.heldCount).toBe(0);
  expect(await unsentOf(stage.seal())).toEqual([]);
});

test('of many that wait a hundred are sent at a time, in their order', async () => {
  const { taskTopics, make } = noTopics();
  const stage = stageWith(taskTopics);
  const ids = others();
  const many = Array.from({ length: 250 }, () => ids.next().value);
  for (const target of many) await stage.command(schedule({ target }), 1_000);
  await make();
  expect(stage.sent).toHaveLength(100);
  expect(await unsentOf(stage.seal())).toEqual([payments]);

  stage.written();
  await someTurns();
  expect(stage.sent).toHaveLength(200);
  stage.written();
  await someTurns();
  expect((await tasksOf(stage.sent)).map(({ id }) => id)).toEqual(many);
  expect(await unsentOf(stage.seal())).toEqual([]);
});

test('what was over before its topic was there is not sent', async () => {
  const { taskTopics, make } = noTopics();
  const stage = stageWith(taskTopics);
  await stage.command(schedule(), 1_000);
  await stage.command({ type: 'Terminate', target: charge, reason: '', requestId: 'r', identity: 'i' }, 1_001);

  await make();
  expect(await tasksOf(stage.sent)).toEqual([]);
});

describe('when the topic is refused', () => {
  test('its activity fails by a command in the log that says why, and whoever waits hears of it', async () => {
    const { taskTopics, refuse } = noTopics();
    const stage = stageWith(taskTopics);
    await stage.command(schedule(), 1_000);
    await refuse();

    const [failDispatch] = await commandsOf(stage.sent);
    expect(failDispatch).toMatchObject({ type: 'FailDispatch', target: charge });
    expect(stage.sent.at(-1)).toMatchObject({ topic: topics.commands, partition, key: partitionKey(charge) });
    if (failDispatch === undefined) return;
    expect(await repliesIn(await stage.command(failDispatch, 1_010))).toMatchObject([
      {
        address: 'client',
        body: {
          type: 'OutcomeReached',
          status: 'failed',
          outcome: {
            failure: {
              message: expect.stringMatching(/task queue 'payments' of namespace 'default'.*policy/) as string,
            },
          },
        },
      },
    ]);
    expect(await unsentOf(stage.seal())).toEqual([]);
  });

  test('a replay of the log comes to the same state, whatever the brokers say by then', async () => {
    const { taskTopics, refuse } = noTopics();
    const stage = stageWith(taskTopics);
    await stage.command(schedule(), 1_000);
    await refuse();
    const [failDispatch] = await commandsOf(stage.sent);
    if (failDispatch !== undefined) await stage.command(failDispatch, 1_010);

    const replayed = new Stage();
    await replayed.command(schedule(), 1_000);
    if (failDispatch !== undefined) await replayed.command(failDispatch, 1_010);
    expect(replayed.logic.stateHash()).toBe(stage.logic.stateHash());
    expect(stage.logic.stateHash()).not.toBe(new Stage().logic.stateHash());
  });
});

describe('the next owner', () => {
  test('sends what may not have been sent, when the topic is there by then', async () => {
    const former = stageWith(noTopics().taskTopics);
    await former.command(schedule(), 1_000);

    const heir = new Stage();
    await heir.restoreFrom(former.seal());
    await someTurns();
    expect(await tasksOf(heir.sent)).toMatchObject([{ id: charge, attempt: 1 }]);
  });

  test('sends again what went to a topic that is gone', async () => {
    const former = new Stage();
    await former.command(schedule(), 1_000);

    const { taskTopics, make } = noTopics();
    const heir = stageWith(taskTopics);
    await heir.restoreFrom(former.seal());
    expect(heir.logic.heldCount).toBe(1);
    await make();
    expect(await tasksOf(heir.sent)).toMatchObject([{ id: charge }]);
  });

  test('sends nothing again of what stands in its topic', async () => {
    const former = new Stage();
    await former.command(schedule(), 1_000);

    const heir = new Stage();
    await heir.restoreFrom(former.seal());
    await someTurns();
    expect(await tasksOf(heir.sent)).toEqual([]);
  });
});

test('a start just before its topic was removed is not lost: the task is sent to the new one', async () => {
  const taskTopics = topicsOf(payments);
  const stage = stageWith(taskTopics);
  expect(await tasksIn(await stage.command(schedule(), 1_000))).toHaveLength(1);

  taskTopics.found([]);
  await someTurns();
  expect(await tasksOf(stage.sent)).toMatchObject([{ id: charge, attempt: 1 }]);
});

test('a partition that is lost sends nothing any more', async () => {
  const { taskTopics, make } = noTopics();
  const stage = stageWith(taskTopics);
  await stage.command(schedule(), 1_000);
  stage.logic.close();
  await make();
  expect(await tasksOf(stage.sent)).toEqual([]);
});
