import { oncePerFault, TaskQueueConsumer, type InputRecord, type Outbox } from '@ratchet/kafka';
import {
  closeCluster,
  connectCluster,
  DeadlineClock,
  loadRequestMetrics,
  logOfConnection,
  openRequestChannel,
  requestRecords,
  requireNamespace,
  TaskReader,
  taskSources,
  type Cluster,
  type OpenRequestChannel,
} from '@ratchet/protocol';
import { AttemptRunner } from './attempt-runner.ts';
import { TaskIntake } from './task-intake.ts';
import { watchStrayRejections } from './stray-rejections.ts';
import { loadWorkerMetrics, type WorkerMetrics } from './worker-metrics.ts';
import { loadWorkerOptions, type LoadedWorkerOptions, type WorkerOptions } from './worker-options.ts';

export type WorkerState = 'initialized' | 'running' | 'stopping' | 'stopped';

/**
 * Runs activities of one task queue.
 *
 * ```ts
 * const worker = await Worker.create({ brokers, registry, taskQueue: 'payments', activities });
 * process.once('SIGTERM', () => worker.shutdown());
 * await worker.run();
 * ```
 */
export class Worker {
  readonly #options: LoadedWorkerOptions;
  readonly #cluster: Cluster;
  readonly #requests: OpenRequestChannel;
  readonly #outbox: Outbox;
  readonly #clock = new DeadlineClock();
  readonly #runner: AttemptRunner;
  readonly #reader: TaskReader;
  readonly #consumer: TaskQueueConsumer;
  readonly #intake: TaskIntake;
  readonly #flushLog: () => void;
  readonly #stopRequested: PromiseWithResolvers<void> = Promise.withResolvers();
  #state: WorkerState = 'initialized';

  private constructor(
    options: LoadedWorkerOptions,
    cluster: Cluster,
    requests: OpenRequestChannel,
    metrics: WorkerMetrics | undefined,
  ) {
    const { namespace, taskQueue, slotsMax, converter, identity, log: logOfActivities, activities } = options;
    const log = oncePerFault(logOfActivities);
    this.#flushLog = log.flush;
    this.#options = options;
    this.#cluster = cluster;
    this.#requests = requests;
    this.#outbox = cluster.createOutbox();
    const { channel } = requests;
    const { connection, codec } = cluster;
    const { tracing } = connection;
    const logs = { log, logOfActivities };
    const clock = this.#clock;
    const tools = { channel, connection, tracing, converter, identity, clock, ...logs, activities, metrics };
    this.#runner = new AttemptRunner(tools);
    this.#reader = new TaskReader({
      codec,
      outbox: this.#outbox,
      log,
      partitionCount: (topic) => connection.partitionCounts.known(topic) ?? 0,
      ownPartitions: (topic) => this.#consumer.partitionsOf(topic),
      onTask: (taken) => {
        // Another worker of the queue may know it. If none takes it, the attempt fails here with the reason.
        const isKnown = activities.has(taken.task.activityType);
        if (isKnown || !this.#reader.giveBack(taken)) this.#intake.offer(taken);
      },
    });
    this.#consumer = new TaskQueueConsumer({
      connection,
      sources: taskSources(namespace, taskQueue),
      outbox: this.#outbox,
      onRecord: (record: InputRecord, done) => {
        this.#reader.read(record, done);
      },
      onRevoked: (topic, partitions) => {
        this.#intake.forget(topic, partitions);
      },
    });
    this.#intake = new TaskIntake({
      slotsMax,
      clock: this.#clock,
      source: this.#consumer,
      work: (taken) => this.#runner.work(taken),
      passOn: (taken) => this.#reader.passOn(taken),
    });
    metrics?.watchSlots(() => this.#intake.usedCount);
    metrics?.watchPollers(() => (this.#state === 'running' ? this.#consumer.topicCount : 0));
  }

  /**
   * Connects. The topic of a task queue that nobody has used yet is waited for: it is made for the first activity.
   *
   * @throws InvalidWorkerOptionsError (rejects) when an option is wrong; OperationalError RKT1001 when no broker answers,
   * RKT1004 when the services were never started there, RKT1304 when nobody has registered the namespace;
   * SchemaRegistryError when the registry does not answer.
   */
  static async create(options: WorkerOptions): Promise<Worker> {
    const loaded = loadWorkerOptions(options);
    const { description, identity, log } = loaded;
    const clientId = `ratchet-worker-${identity}`;
    const cluster = await connectCluster({
      ...description,
      clientId,
      log: logOfConnection(log),
      createTopics: false,
      records: [...requestRecords, 'ActivityTask'],
    });
    try {
      await requireNamespace(cluster, loaded.namespace);
      const requests = await openRequestChannel(cluster, { metrics: await loadRequestMetrics('@ratchet/worker') });
      return new Worker(loaded, cluster, requests, await loadWorkerMetrics(loaded));
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  get state(): WorkerState {
    return this.#state;
  }

  /**
   * Runs activities until `shutdown`. Resolves once all are over and everything is reported and disconnected. When no
   * broker answers, it waits 20 s at most for answers to what was claimed and reported, and 20 s to disconnect.
   *
   * @throws Error (rejects) when it ran before.
   */
  async run(): Promise<void> {
    if (this.#state !== 'initialized') throw new Error(`Expected to run a new worker, but this one is ${this.#state}`);
    this.#state = 'running';
    watchStrayRejections();
    try {
      await Promise.race([this.#start(), this.#stopRequested.promise]);
      await this.#stopRequested.promise;
      this.#intake.stop();
      this.#reader.stop();
      await this.#runner.stop(this.#options);
    } finally {
      await this.#disconnect();
      this.#state = 'stopped';
    }
  }

  /**
   * Takes no more tasks; lets running activities go on for `shutdownGraceTime`, then cancels them (`WORKER_SHUTDOWN`) and
   * waits for them. Returns at once: `run` resolves when it is done.
   */
  shutdown(): void {
    if (this.#state === 'running') this.#state = 'stopping';
    this.#stopRequested.resolve();
  }

  async #start(): Promise<void> {
    await this.#consumer.start();
    const { log, namespace, taskQueue, activities } = this.#options;
    log('info', `the worker takes tasks of ${taskQueue}`, { namespace, activities: [...activities.keys()] });
  }

  async #disconnect(): Promise<void> {
    this.#clock.close();
    await closeCluster(this.#cluster, [
      () => this.#consumer.stop(),
      () => this.#outbox.close(),
      () => this.#requests.close(),
    ]);
    this.#flushLog();
  }
}
