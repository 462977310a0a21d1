import { ActivityClient } from '@ratchet/client';
import { connectKafka, type KafkaConnection } from '@ratchet/kafka';
import { connectBroker, startCluster, uniqueName } from '@ratchet/testing';
import type { RunningRatchet } from '@ratchet/tools-start';
import { Worker } from '@ratchet/worker';

const { brokers, registryUrl: registry } = connectBroker();
const taskQueue = 'greetings';
const greet = (name: string): string => `Hello, ${name}!`;

/** One of two on the same Kafka and registry, whose names differ in their prefix alone. */
class Installation {
  readonly prefix = `${uniqueName('team')}.`;
  readonly #greeted: string[] = [];
  #ratchet: RunningRatchet | undefined;
  #worker: Worker | undefined;
  #client: ActivityClient | undefined;
  #running: Promise<void> | undefined;

  async start(): Promise<void> {
    this.#ratchet = await startCluster({ serviceEnv: { RATCHET_PREFIX: this.prefix } });
    const connection = { brokers, registry, prefix: this.prefix };
    const activities = {
      greet: (name: string): string => {
        this.#greeted.push(name);
        return greet(name);
      },
    };
    this.#worker = await Worker.create({ ...connection, taskQueue, activities });
    this.#running = this.#worker.run();
    this.#client = await ActivityClient.connect(connection);
  }

  get client(): ActivityClient {
    if (this.#client === undefined) throw new Error('Expected to be started');
    return this.#client;
  }

  /** Whom its worker has greeted. */
  get greeted(): readonly string[] {
    return this.#greeted;
  }

  async stop(): Promise<void> {
    await this.#client?.close();
    this.#worker?.shutdown();
    await this.#running;
    await this.#ratchet?.stop();
  }
}

const installations = [new Installation(), new Installation()] as const;
let kafka: KafkaConnection;

beforeAll(async () => {
  kafka = await connectKafka({ brokers, clientId: 'installations-test' });
  for (const installation of installations) await installation.start();
});

afterAll(async () => {
  await Promise.all(installations.map((installation) => installation.stop()));
  await kafka.close();
});

const [one, other] = installations;

test('each runs its own activities, of the same id on the same queue, and none of the other', async () => {
  const options = { taskQueue, id: 'greeting', timeouts: { startToClose: '10s' } } as const;
  const greetings = await Promise.all([
    one.client.execute('greet', { ...options, args: ['Ada'] }),
    other.client.execute('greet', { ...options, args: ['Grace'] }),
  ]);
  expect(greetings).toEqual(['Hello, Ada!', 'Hello, Grace!']);
  expect(one.greeted).toEqual(['Ada']);
  expect(other.greeted).toEqual(['Grace']);
});

test('each has every topic and every group under its prefix, and there are none without one', async () => {
  const topics = await kafka.admin.listTopics();
  const { groups } = await kafka.admin.listGroups();
  const groupIds = groups.map(({ groupId }) => groupId);
  const ofPrefix = (names: readonly string[], { prefix }: Installation): string[] =>
    names.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  expect(ofPrefix(topics, one).toSorted()).toEqual(ofPrefix(topics, other).toSorted());
  expect(ofPrefix(topics, one)).toEqual(
    expect.arrayContaining([
      'ratchet.activity.commands',
      'ratchet.activity.commands.dlq',
      'ratchet.activity.tasks.default.greetings',
      'ratchet.activity.tasks.default.greetings.dlq',
      'ratchet.cluster',
      'ratchet.replies',
    ]),
  );
  for (const installation of installations) {
    expect(ofPrefix(groupIds, installation)).toEqual(
      expect.arrayContaining([
        'ratchet-scheduler',
        'ratchet-timeout-tracker',
        'ratchet-cancellation',
        'ratchet-completion-gateway-completions',
        'ratchet.workers.ratchet.activity.tasks.default.greetings',
      ]),
    );
  }
});

test('each has subjects of its own in the registry', async () => {
  const response = await fetch(`${registry}/subjects`);
  const subjects = (await response.json()) as readonly string[];
  for (const { prefix } of installations) {
    expect(subjects).toEqual(
      expect.arrayContaining([`${prefix}ratchet.activity.commands-value`, `${prefix}ratchet.activity.tasks-value`]),
    );
  }
});

test('who comes with another prefix finds no services there', async () => {
  const connecting = ActivityClient.connect({ brokers, registry, prefix: 'nobody.' });
  await expect(connecting).rejects.toThrow(/nobody\.ratchet\.activity\.commands is not there.*the same prefix/);
});

test('a task queue whose topics have no room beside the prefix is refused before anything is written', async () => {
  const long = 'q'.repeat(249 - 'ratchet.activity.tasks.default..dlq'.length);
  const starting = one.client.start('greet', { taskQueue: long, args: ['Ada'], timeouts: { startToClose: '10s' } });
  await expect(starting).rejects.toThrow(/taskQueue exceeds length limit.*with the prefix/);
});
