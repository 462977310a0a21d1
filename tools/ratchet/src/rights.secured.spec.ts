import { randomUUID } from 'node:crypto';
import { ActivityClient } from '@ratchet/client';
import { partitionKey, taskTopic } from '@ratchet/domain';
import { deadLetter, partitionFor, ReplyInbox, removeTopics, TaskConsumer, type Log } from '@ratchet/kafka';
import { connectCluster, defaultPayloadConverter } from '@ratchet/protocol';
import { deadLetterTopic, topics, type KafkaPrincipal } from '@ratchet/schemas';
import { eventually, uniqueName } from '@ratchet/testing';
import { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { ApplicationFailure, CompleteAsyncError, Context, Worker } from '@ratchet/worker';
import {
  allLines,
  names,
  namespace,
  patient,
  SecuredStage,
  taskQueue,
  tokenSecret,
  type Line,
} from './secured-stage.fixture.ts';

// Every line of the table of rights, on a broker that asks who comes: with all of them everything works, and without any one of
// them something fails with a message that names it.

let stage: SecuredStage;
let client: ActivityClient;
let worker: Worker;
let working: Promise<void>;
let gateway: WorkflowServiceClient;

const activities = {
  greet: (name: string): Promise<string> => Promise.resolve(`Hello, ${name}!`),
  retried: (): Promise<number> => {
    const { attempt } = Context.current().info;
    if (attempt === 1) throw ApplicationFailure.retryable('not yet');
    return Promise.resolve(attempt);
  },
  beating: async (): Promise<void> => {
    for (;;) {
      Context.current().heartbeat('alive');
      await Context.current().sleep('100ms');
    }
  },
  completedOutside: (): Promise<number> => {
    throw new CompleteAsyncError();
  },
};
type Activities = typeof activities;

const timeouts = { startToClose: '60s' } as const;
const retry = { initialInterval: '200ms' } as const;

beforeAll(async () => {
  stage = await SecuredStage.start();
  gateway = new WorkflowServiceClient(stage.ratchet.grpcAddress);
  await gateway.within(30_000).registerNamespace({ namespace });
  client = await ActivityClient.connect({ ...stage.as('client'), namespace });
  worker = await Worker.create({ ...stage.as('worker'), namespace, taskQueue, activities });
  working = worker.run();
});
afterAll(async () => {
  worker.shutdown();
  await working;
  await client.close();
  gateway.close();
  await stage.stop();
});

type Check = (line: Line) => Promise<void>;

const keyOf = ({ who, operation, on }: Line): string => `${who}: ${operation} ${on}`;

function isOfJoining({ who, on }: Line): boolean {
  const isService = !['client', 'worker', 'producer'].includes(who);
  return isService && (on === 'topic ratchet.*' || on.includes('ratchet.cluster'));
}

/** A service says by itself that it misses the line. */
const missed: Check = async (line) => {
  await stage.saidMissing(line, 0);
};

/** A service says so once it is asked for something. */
const missedOnce =
  (provoke: () => Promise<unknown>): Check =>
  async (line) => {
    const since = stage.said.length;
    await provoke();
    await stage.saidMissing(line, since);
  };

/** Whoever sends there is told. */
const refused =
  (to?: string): Check =>
  async (line) => {
    const topic = to ?? line.grant.name;
    const outbox = await stage.outbox(line.who);
    const record = {
      topic,
      partition: 0,
      offset: 0,
      key: null,
      value: Buffer.from('no record'),
      timestampMs: 0,
      headers: {},
    };
    await eventually(async () => {
      const sent = await outbox.send(deadLetter(record, 'a test', topic)).then(() => 'it was sent', String);
      if (!names(sent, line.operation, line.on)) throw new Error(sent);
    }, patient);
    await outbox.close(0);
  };

/** Who reads a topic for itself alone. */
const inboxed: Check = (line) =>
  expectNamed(line, async (log) => {
    const topic = line.grant.name.slice(0, -1);
    const { connection } = await stage.guest(line.who, log);
    const inbox = new ReplyInbox({ connection, topic, partition: 0, onRecord: () => undefined });
    await inbox.open();
    await inbox.close();
  });

const connects: Check = (line) =>
  expectNamed(line, async (log) => {
    if (line.who === 'worker') {
      const another = await Worker.create({ ...stage.as('worker'), namespace, taskQueue, activities, log });
      const run = another.run();
      await Promise.race([
        run,
        eventually(() => said(log).some((each) => names(each, line.operation, line.on)), patient),
      ]);
      another.shutdown();
      await run;
    } else {
      const another = await ActivityClient.connect({ ...stage.as('client'), namespace, log });
      await another.close();
    }
  });

const asksAgain: Check = (line) =>
  expectNamed(line, async () => {
    await client.getHandle('nobody').describe();
  });

const queue = taskTopic(namespace, taskQueue);

const checks: Readonly<Record<string, Check>> = {
  'scheduler: Read topic ratchet.activity.commands': missed,
  'scheduler: Read topic ratchet.activity.queries': missed,
  'scheduler: Read group ratchet-scheduler': missed,
  'timeout-tracker: Read topic ratchet.activity.executions': missed,
  'timeout-tracker: Read group ratchet-timeout-tracker': missed,
  'cancellation: Read topic ratchet.activity.cancellations': missed,
  'cancellation: Read group ratchet-cancellation': missed,
  'completion-gateway: Read topic ratchet.activity.completions': missed,
  'completion-gateway: Read topic ratchet.activity.callbacks': missed,
  'completion-gateway: Read topic ratchet.activity.callbacks.retries': missed,
  'completion-gateway: Read topic ratchet.namespaces': missed,
  'completion-gateway: Read topic ratchet.replies': missed,
  'completion-gateway: Read group ratchet-completion-gateway-*': missed,
  'completion-gateway: Read group ratchet.replies.*': missed,
  'completion-gateway: Read group ratchet.namespaces.*': missed,

  'scheduler: Read topic ratchet.activity.executions': missedOnce(() =>
    stage.ratchet.services.scheduler.kill('SIGKILL'),
  ),
  'scheduler: Read topic ratchet.activity.outcomes': missedOnce(async () => {
    // The state of a service that says no folder goes with its process: what the topic has must be read again.
    await startUrgent();
    await eventually(async () => {
      const ends = await stage.admin.admin.fetchTopicOffsets(topics.outcomes);
      expect(ends.some(({ low, high }) => Number(high) > Number(low))).toBe(true);
    });
    return stage.ratchet.services.scheduler.kill('SIGKILL');
  }),
  // As whoever keeps a copy does it: the stage has one scheduler, and a copy needs two.
  'scheduler: Read group ratchet-scheduler.copies.*': (line) =>
    expectNamed(line, async (log) => {
      const { connection } = await stage.guest('scheduler', log);
      const groupId = line.grant.name + uniqueName('test');
      const outbox = await stage.outbox('scheduler');
      const reader = new TaskConsumer({
        connection,
        groupId,
        topic: topics.executions,
        outbox,
        onRecord: () => undefined,
      });
      await reader.start();
      await reader.stop();
      await outbox.close(0);
    }),
  'scheduler: Write topic ratchet.activity.executions': missedOnce(asksForGreeting),
  'scheduler: Write topic ratchet.activity.cancellations': missedOnce(async () => (await startBeating()).cancel()),
  'scheduler: Write topic ratchet.activity.callbacks': missedOnce(() => startCalledBack()),
  'scheduler: Write topic ratchet.replies': missedOnce(asksForGreeting),
  'scheduler: Write topic ratchet.activity.tasks.*': missedOnce(asksForGreeting),
  'scheduler: Delete topic ratchet.activity.tasks.*': (line) =>
    expectNamed(line, async () => {
      const { connection } = await stage.guest('scheduler');
      await removeTopics(connection, { topics: [queue], groupIds: [] });
    }),
  'scheduler: Delete group ratchet.workers.*': (line) =>
    expectNamed(line, async (log) => {
      const unused = taskTopic(namespace, uniqueName('unused'));
      const cluster = await stage.guest('scheduler', log);
      await cluster.ensureTaskTopic(unused);
      await removeTopics(cluster.connection, { topics: [unused], groupIds: [`ratchet.workers.${unused}`] });
    }),
  'scheduler: Write transactional id ratchet-scheduler-*': missedOnce(asksForGreeting),
  'timeout-tracker: Write topic ratchet.activity.commands': missedOnce(() =>
    client.start<Activities>('retried', { taskQueue, timeouts, retry }),
  ),
  'cancellation: Write topic ratchet.replies': missedOnce(async () => (await startBeating()).cancel()),
  'completion-gateway: Read topic ratchet.activity.tasks.*': missedOnce(() => poll()),
  'completion-gateway: Read group ratchet.workers.*': missedOnce(() => poll()),
  'completion-gateway: Write topic ratchet.activity.tasks.*': refused(queue),
  'completion-gateway: Delete group ratchet.replies.*': inboxed,
  'completion-gateway: Delete group ratchet.namespaces.*': inboxed,

  'client: Write topic ratchet.activity.commands': connects,
  'client: Write topic ratchet.activity.queries': asksAgain,
  'client: Read topic ratchet.replies': connects,
  'client: Read group ratchet.replies.*': connects,
  'client: Delete group ratchet.replies.*': connects,
  'client: Read topic ratchet.namespaces': connects,
  'client: Read group ratchet.namespaces.*': connects,
  'client: Delete group ratchet.namespaces.*': connects,

  'worker: Write topic ratchet.activity.commands': connects,
  'worker: Read topic ratchet.replies': connects,
  'worker: Read group ratchet.replies.*': connects,
  'worker: Delete group ratchet.replies.*': inboxed,
  'worker: Read topic ratchet.namespaces': connects,
  'worker: Read group ratchet.namespaces.*': connects,
  'worker: Delete group ratchet.namespaces.*': connects,
  [`worker: Read topic ${queue}`]: connects,
  [`worker: Read group ratchet.workers.${queue}`]: connects,
  [`worker: Read topic ${queue}.*`]: connects,
  [`worker: Read group ratchet.workers.${queue}.*`]: connects,
  [`worker: Write topic ${queue}.*`]: refused(deadLetterTopic(queue)),
};

/** Of all else: whoever may not write is told so. */
const checkOf = (key: string): Check | undefined =>
  checks[key] ?? (/: Write topic [^*]*$/.test(key) ? refused() : undefined);

// --- what is done ---

const started = { taskQueue, timeouts } as const;
const startGreeting = () => client.start<Activities>('greet', { ...started, args: ['Ada'] });
/** Whether it is answered is not waited for. */
function asksForGreeting(): Promise<void> {
  startGreeting().catch(() => undefined);
  return Promise.resolve();
}

const startUrgent = () =>
  client.execute<Activities>('greet', { ...started, args: ['Ada'], priority: { priorityKey: 1 } });
const startIn = (other: string) => client.start<Activities>('greet', { ...started, taskQueue: other, args: ['Ada'] });

async function startBeating() {
  const beating = await client.start<Activities>('beating', {
    ...started,
    timeouts: { ...timeouts, heartbeat: '10s' },
  });
  await eventually(async () => (await beating.describe()).heartbeatDetails !== undefined, patient);
  return beating;
}

async function startCalledBack(): Promise<void> {
  const body = {
    activityId: uniqueName('called-back'),
    activityType: 'greet',
    taskQueue,
    args: ['Ada'],
    timeouts: { scheduleToClose: '60s' },
    callbackUrls: ['http://127.0.0.1:1/'],
  };
  const url = `${stage.ratchet.httpUrl}/api/v1/namespaces/${namespace}/activities`;
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect([answer.status, await answer.text()]).toEqual([200, expect.any(String)]);
}

/** Not awaited: it is a long one. */
function poll(): Promise<void> {
  void gateway
    .within(20_000)
    .pollActivityTaskQueue({ namespace, taskQueue: { name: taskQueue }, identity: 'test' })
    .catch(() => undefined);
  return Promise.resolve();
}

async function complete(activityId: string, value: number): Promise<void> {
  const { codec } = await stage.guest('client');
  const target = { namespace, workflowId: '', runId: '', activityId };
  const key = partitionKey(target);
  const partition = partitionFor(key, await stage.admin.partitionCounts.of(topics.completions));
  const result = [defaultPayloadConverter.toPayload(value)];
  const event = { eventId: randomUUID(), source: '/test', target, body: { type: 'Completed', result } } as const;
  const outbox = await stage.outbox('producer');
  await outbox.send({ topic: topics.completions, key, partition, value: codec.encodeCompletionEvent(event) });
  await outbox.close();
}

/** Right after something was missing, it may take a few tries. */
const works = (): Promise<unknown> =>
  eventually(async () => (await client.execute<Activities>('retried', { taskQueue, timeouts, retry })) === 2, {
    deadlineMs: 120_000,
    pauseMs: 500,
  });

async function join(who: KafkaPrincipal, log: Log): Promise<void> {
  const another = { id: uniqueName('key'), secret: randomUUID().repeat(2) };
  const cluster = await connectCluster({
    ...stage.as(who),
    clientId: `test-${who}`,
    createTopics: true,
    tokenKeys: [{ id: '', secret: tokenSecret }, another],
    log,
  });
  await cluster.close();
}

/** The next service that joins makes it anew. */
const removeATopic = () => removeTopics(stage.admin, { topics: [deadLetterTopic(topics.queries)], groupIds: [] });

// --- what is said ---

const logs = new WeakMap<Log, string[]>();
const said = (log: Log): readonly string[] => logs.get(log) ?? [];

/** The work fails with a message that names the line, or its log has one. Rights count within a second or so. */
async function expectNamed(line: Line, work: (log: Log) => Promise<unknown>): Promise<void> {
  await eventually(async () => {
    const lines: string[] = [];
    const log: Log = (_, message) => void lines.push(message);
    logs.set(log, lines);
    await work(log).catch((error: unknown) => lines.push(String(error)));
    const isNamed = lines.some((each) => each.includes('RKT1010') && names(each, line.operation, line.on));
    if (!isNamed) throw new Error(`nobody says that ${keyOf(line)} is missing:\n${lines.join('\n')}`);
  }, patient);
}

// --- what holds ---

describe('with the rights of the table', () => {
  test('an activity runs, is tried again, and is cancelled while it beats', async () => {
    expect(await client.execute<Activities>('greet', { taskQueue, args: ['Ada'], timeouts })).toBe('Hello, Ada!');
    expect(await client.execute<Activities>('retried', { taskQueue, timeouts, retry })).toBe(2);
    const beating = await startBeating();
    await beating.cancel();
    await expect(beating.result()).rejects.toThrow(/cancel/i);
  });

  test('an external producer completes what is left open, and a queue that nobody knew is made', async () => {
    const id = uniqueName('open');
    const open = await client.start<Activities>('completedOutside', { id, taskQueue, timeouts });
    await eventually(async () => (await open.describe()).attempt === 1, patient);
    await complete(id, 42);
    expect(await open.result()).toBe(42);
    await startIn(uniqueName('queue'));
    expect(await startUrgent()).toBe('Hello, Ada!');
  });

  test('nobody has missed a right', () => {
    expect(stage.said.filter((line) => line.includes('RKT1010'))).toEqual([]);
  });
});

describe('without one line of it', () => {
  test('there is a check for each line, and for nothing else', () => {
    const keys = allLines.map(keyOf);
    expect(Object.keys(checks).filter((key) => !keys.includes(key))).toEqual([]);
    const unchecked = allLines.filter((line) => !isOfJoining(line) && checkOf(keyOf(line)) === undefined);
    expect(unchecked.map(keyOf)).toEqual([]);
  });

  // Those of services that join are tried of all four at once: what they do is the same.
  const joined = Map.groupBy(allLines.filter(isOfJoining), ({ operation, on }) => `${operation} ${on}`);
  test.each([...joined])('no service joins without %s', async (_, lines) => {
    if (lines[0]?.operation === 'Create') await removeATopic();
    await stage.without(lines, async () => {
      for (const line of lines) await expectNamed(line, (log) => join(line.who, log));
    });
    await join('scheduler', () => undefined);
  });

  // What a running service reads is missed at once, and what several read at the same time.
  const read = allLines.filter((line) => checkOf(keyOf(line)) === missed);
  const rounds = Map.groupBy(read, (line) => read.filter(({ who }) => who === line.who).indexOf(line));
  test.each([...rounds])('services say what they miss while they run, round %i', async (_, lines) => {
    const since = stage.said.length;
    await stage.without(lines, () => Promise.all(lines.map((line) => stage.saidMissing(line, since))));
    await works();
  });

  const others = allLines.filter((line) => !isOfJoining(line) && checkOf(keyOf(line)) !== missed);
  test.each(others.map((line) => [keyOf(line), line] as const))('%s', async (key, line) => {
    await stage.without([line], async () => {
      await checkOf(key)?.(line);
    });
  });

  test('everything works again', async () => {
    await works();
    const { services } = stage.ratchet;
    for (const service of Object.values(services)) await service.ready();
  });
});
