import {
  isClosed,
  after,
  decide,
  epochMillis,
  millis,
  PartitionState,
  timerReference,
  type Activity,
  type ActivityOptionsRequest,
  type Command,
  type DeadlineType,
  type Decision,
  type EpochMillis,
  type ScheduledActivity,
} from '@ratchet/domain';
import { answerOf, toldOk, type Told } from './answer-of.ts';
import { elapses, limitsOf, proposalOf } from './limits-of.ts';
import { activityId, commandOf, scheduleOf, type Attempt, type CommandStep } from './command-of.ts';
import { textOf } from './payload-text.ts';
import { described, nothing } from './sighting-of.ts';
import {
  optionsOf,
  otherTaskQueue,
  passedMs,
  usualOptions,
  type Driver,
  type Sighting,
  type Step,
  type Trace,
} from './trace.ts';

/** The rules alone: one partition in memory, its tasks in lists, and time that passes when it is told to. */
export const domainDriver: Driver = {
  name: 'the bare domain',
  play: (trace) => Promise.resolve(new BareDomain(trace).play(trace.steps)),
};

class BareDomain {
  readonly #state = new PartitionState();
  readonly #queues = new Map<string, Attempt[]>();
  readonly #polled: Attempt[] = [];
  readonly #options: ActivityOptionsRequest;
  #now = epochMillis(1_000_000);
  #offset = 0;
  #heartbeatCount = 0;
  #told: Told = toldOk;

  constructor(trace: Pick<Trace, 'options' | 'started' | 'steps'>) {
    this.#options = optionsOf(trace);
    if (trace.started === false) return;
    const target = { ...activityId, runId: 'run-1' };
    this.#send(scheduleOf({ target, options: this.#options, requestId: 'start-1' }));
  }

  play(steps: readonly Step[]): Sighting {
    for (const step of steps) this.#told = this.#take(step);
    return {
      ...(this.#activity === undefined ? nothing : described(this.#activity, this.#now)),
      attemptsStarted: this.#polled.length,
      ...this.#told,
      heartbeatDetails: textOf(this.#polled.at(-1)?.heartbeatDetails ?? []),
    };
  }

  #take(step: Step): Told {
    // No two steps at one instant: what begins later is over later.
    this.#now = after(this.#now, millis(1));
    const deadlineType = elapses[step];
    if (deadlineType !== undefined) return this.#passLimit(deadlineType);
    switch (step) {
      case 'time-passes':
        return this.#pass(after(this.#now, millis(passedMs)));
      case 'poll':
        return this.#poll(usualOptions.taskQueue);
      case 'poll-other-queue':
        return this.#poll(otherTaskQueue);
      case 'describe':
        return this.#activity === undefined ? this.#notFound() : toldOk;
      case 'await-outcome':
        return this.#awaitOutcome();
      default:
        return answerOf(this.#send(this.#commandOf(step as CommandStep)));
    }
  }

  #awaitOutcome(): Told {
    if (this.#activity === undefined) return this.#notFound();
    return isClosed(this.#activity) ? toldOk : { answer: 'pending', message: '' };
  }

  // Questions are the scheduler's to answer; what it says of what is not there is in its words.
  readonly #notFound = (): Told => ({
    answer: 'not-found',
    message: `activity not found for ID: ${activityId.activityId}`,
  });

  #commandOf(step: CommandStep): Command {
    return commandOf(step, {
      target: activityId,
      options: this.#options,
      first: this.#polled[0],
      last: this.#polled.at(-1),
      nextHeartbeat: () => `heartbeat ${String(++this.#heartbeatCount)}`,
      nextRunId: () => `run-at-${String(this.#offset)}`,
    });
  }

  /** A worker takes tasks in turn until one is granted. */
  #poll(taskQueue: string): Told {
    const tasks = this.#queues.get(taskQueue) ?? [];
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const claimId = `claim-${String(this.#offset)}`;
      const { target, token: attempt } = task;
      const claim = { type: 'Claim', target, attempt, claimId, requestId: claimId, identity: 'worker' } as const;
      if (this.#send(claim).kind === 'accepted') {
        this.#polled.push(task);
        return { answer: 'task', message: '' };
      }
    }
    return { answer: 'no-task', message: '' };
  }

  #passLimit(type: DeadlineType): Told {
    const limit = this.#due().find((deadline) => deadline.type === type);
    if (limit === undefined) throw new Error(`Expected to let ${type} pass, but the activity has no such limit now`);
    return this.#pass(limit.at);
  }

  /** Everything that is due by then happens, in its order: what timeout-tracker does. */
  #pass(until: EpochMillis): Told {
    for (let next = this.#due()[0]; next !== undefined && next.at <= until; next = this.#due()[0]) {
      this.#now = epochMillis(Math.max(this.#now, next.at));
      const decision = this.#send(proposalOf(activityId, next));
      if (decision.kind === 'refused')
        throw new Error(`Expected ${next.type} to be due, but ${decision.refusal.message}`);
    }
    this.#now = epochMillis(Math.max(this.#now, until));
    return toldOk;
  }

  #due(): ReturnType<typeof limitsOf> {
    return this.#activity === undefined ? [] : limitsOf(this.#activity);
  }

  #send(command: Command): Decision {
    const decision = decide(this.#state, command, { now: this.#now, offset: this.#offset, rules: 1 });
    this.#offset++;
    if (decision.kind === 'refused') return decision;
    this.#state.apply(decision.change);
    for (const effect of decision.effects) if (effect.type === 'Task') this.#queue(effect.activity);
    return decision;
  }

  #queue(activity: ScheduledActivity): void {
    const { taskQueue } = activity.options;
    const tasks = this.#queues.get(taskQueue) ?? [];
    this.#queues.set(taskQueue, tasks);
    const token = { by: 'token', ...timerReference(activity) } as const;
    tasks.push({ target: activity.id, token, heartbeatDetails: activity.heartbeat?.details ?? [] });
  }

  /** The latest run of the id. */
  get #activity(): Activity | undefined {
    const runId = this.#state.latestRunId(activityId.namespace, activityId.activityId);
    return runId === undefined ? undefined : this.#state.activity({ ...activityId, runId });
  }
}
