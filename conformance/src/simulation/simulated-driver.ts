import {
  epochMillis,
  isClosed,
  taskTopic,
  type ActivityDescription,
  type ActivityOptionsRequest,
  type ActivityTask,
  type Command,
  type DeadlineType,
  type Reply,
} from '@ratchet/domain';
import { attemptOf, decodeTaskToken } from '@ratchet/protocol';
import { answerOf, toldOk, type Told } from '../answer-of.ts';
import { activityId, commandOf, scheduleOf, type Attempt, type CommandStep } from '../command-of.ts';
import { elapses, limitsOf } from '../limits-of.ts';
import { textOf } from '../payload-text.ts';
import { described, nothing } from '../sighting-of.ts';
import {
  optionsOf,
  otherTaskQueue,
  passedMs,
  usualOptions,
  type Driver,
  type Sighting,
  type Step,
  type Trace,
} from '../trace.ts';
import { Party } from './party.ts';
import { SimulatedCluster } from './simulated-cluster.ts';
import { installVirtualTime } from './virtual-time.ts';
import { World } from './world.ts';

/** All services on a simulated log without faults: what is asked goes through it, and time passes when it is told to. */
export const simulatedDriver: Driver = {
  name: 'the simulated cluster',
  play: async (trace) => {
    const world = new World(1, 0);
    const uninstall = installVirtualTime(world);
    try {
      return await new Stage(world, trace).play(trace);
    } finally {
      uninstall();
    }
  },
};

/** Until the services have their partitions. */
const readyMs = 5_000;
/** What is on its way has come by then: a task, the command of a timer and what is decided of it. */
const quietMs = 150;
const answerMsMax = 60_000;

class Stage {
  readonly #cluster: SimulatedCluster;
  readonly #party: Party;
  readonly #options: ActivityOptionsRequest;
  readonly #polled: Attempt[] = [];
  readonly #positions = new Map<string, number>();
  #heartbeatCount = 0;
  #requestCount = 0;
  #told: Told = toldOk;

  constructor(world: World, trace: Pick<Trace, 'options' | 'steps'>) {
    const queues = [usualOptions.taskQueue, otherTaskQueue].map((queue) => taskTopic('default', queue));
    this.#cluster = new SimulatedCluster(world, queues, (_, __, error) => {
      throw error;
    });
    this.#party = new Party('driver', this.#cluster.partyParts);
    this.#options = optionsOf(trace);
  }

  async play({ started, steps }: Pick<Trace, 'started' | 'steps'>): Promise<Sighting> {
    const { world } = this.#cluster;
    await world.runUntil(readyMs);
    if (started !== false) {
      const target = { ...activityId, runId: 'run-1' };
      await this.#send(scheduleOf({ target, options: this.#options, requestId: 'start-1' }));
    }
    for (const step of steps) this.#told = await this.#take(step);
    await world.runUntil(world.now + quietMs);
    const { body } = await this.#describe();
    this.#cluster.close();
    return {
      ...(body.type === 'Described' ? described(body.description, epochMillis(world.clock())) : nothing),
      attemptsStarted: this.#polled.length,
      ...this.#told,
      heartbeatDetails: textOf(this.#polled.at(-1)?.heartbeatDetails ?? []),
    };
  }

  async #take(step: Step): Promise<Told> {
    const { world } = this.#cluster;
    const limit = elapses[step];
    if (limit !== undefined) return this.#passLimit(limit);
    switch (step) {
      case 'time-passes':
        await world.runUntil(world.now + passedMs);
        return toldOk;
      case 'poll':
        return this.#poll(usualOptions.taskQueue);
      case 'poll-other-queue':
        return this.#poll(otherTaskQueue);
      case 'describe':
        return this.#toldOf(await this.#describe(), () => toldOk);
      case 'await-outcome':
        return this.#toldOf(await this.#describe(), (description) =>
          isClosed(description) ? toldOk : { answer: 'pending', message: '' },
        );
      default:
        return toldBy(await this.#send(this.#commandOf(step as CommandStep)));
    }
  }

  #toldOf({ body }: Pick<Reply, 'body'>, told: (description: ActivityDescription) => Told): Told {
    return body.type === 'Described' ? told(body.description) : toldBy({ body });
  }

  #commandOf(step: CommandStep): Command {
    return commandOf(step, {
      target: activityId,
      options: this.#options,
      first: this.#polled[0],
      last: this.#polled.at(-1),
      nextHeartbeat: () => `heartbeat ${String(++this.#heartbeatCount)}`,
      nextRunId: () => `run-${String(++this.#requestCount)}-of-driver`,
    });
  }

  /** A worker takes tasks in turn until one is granted. */
  async #poll(taskQueue: string): Promise<Told> {
    const { world } = this.#cluster;
    await world.runUntil(world.now + quietMs);
    for (const task of this.#tasksOf(taskQueue)) {
      const token = attemptOf(decodeTaskToken(task.taskToken));
      const claimId = `claim-${String(++this.#requestCount)}`;
      const sender = { claimId, requestId: claimId, identity: 'worker' };
      const { body } = await this.#send({ type: 'Claim', target: task.id, attempt: token, ...sender });
      if (body.type !== 'Accepted') continue;
      this.#polled.push({ target: task.id, token, heartbeatDetails: task.heartbeatDetails });
      return { answer: 'task', message: '' };
    }
    return { answer: 'no-task', message: '' };
  }

  /** One after the other: what is not asked for stays. */
  *#tasksOf(taskQueue: string): Generator<ActivityTask> {
    const { log, codec } = this.#cluster;
    const topic = taskTopic('default', taskQueue);
    for (;;) {
      const waiting = log.partitionsOf(topic).flatMap((part) => {
        const record = part.all[this.#positions.get(`${topic}/${String(part.partition)}`) ?? 0];
        return record === undefined ? [] : [record];
      });
      const [next] = waiting.toSorted((one, other) => one.timestampMs - other.timestampMs);
      if (next === undefined) return;
      this.#positions.set(`${topic}/${String(next.partition)}`, next.offset + 1);
      yield codec.decodeTask(next.value ?? Buffer.alloc(0)) as ActivityTask;
    }
  }

  async #passLimit(type: DeadlineType): Promise<Told> {
    const { world } = this.#cluster;
    const { body } = await this.#describe();
    const limits = body.type === 'Described' ? limitsOf(body.description) : [];
    const limit = limits.find((each) => each.type === type);
    if (limit === undefined) throw new Error(`Expected to let ${type} pass, but the activity has no such limit now`);
    await world.runUntil(world.now + Math.max(0, limit.at - world.clock()) + quietMs);
    return toldOk;
  }

  #describe(): Promise<Pick<Reply, 'body'>> {
    const requestId = `describe-${String(++this.#requestCount)}`;
    return this.#asked(() => this.#party.channel.describe(activityId, requestId));
  }

  #send(command: Command): Promise<Pick<Reply, 'body'>> {
    const draft = command as Parameters<Party['channel']['requestApart']>[0];
    return this.#asked(() => this.#party.channel.requestApart(draft));
  }

  /** Lets time pass until it is answered. */
  async #asked(ask: () => Promise<Reply>): Promise<Pick<Reply, 'body'>> {
    const { world } = this.#cluster;
    let reply: Reply | undefined;
    world.later(this.#party.process, 1, () => {
      void ask().then((answer) => {
        reply = answer;
      });
    });
    await world.runUntil(world.now + answerMsMax, () => reply !== undefined);
    if (reply === undefined) throw new Error('Expected to be answered, but nobody did');
    return reply;
  }
}

/** As whoever asked is told of a decision. */
function toldBy({ body }: Pick<Reply, 'body'>): Told {
  if (body.type === 'Refused') return answerOf({ kind: 'refused', refusal: body.refusal });
  if (body.type !== 'Accepted') return toldOk;
  return answerOf({ kind: 'accepted', answer: body.answer, change: [], effects: [] });
}
