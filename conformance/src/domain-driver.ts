import {
  deadlines,
  decide,
  epochMillis,
  evolve,
  millis,
  PartitionState,
  publicStatus,
  timerReference,
  type Activity,
  type Command,
  type Deadline,
  type DeadlineType,
  type Decision,
  type ExecutionId,
  type Payloads,
} from '@ratchet/domain';
import { answerOf } from './answer-of.ts';
import { commandOf, scheduleOf, type Attempt, type CommandStep } from './command-of.ts';
import {
  otherTaskQueue,
  usualOptions,
  type Answer,
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

const activityId: ExecutionId = { namespace: 'default', workflowId: '', runId: 'run-1', activityId: 'conformance' };

const elapses: Readonly<Partial<Record<Step, DeadlineType>>> = {
  'start-delay-elapses': 'dispatch',
  'backoff-elapses': 'dispatch',
  'schedule-to-start-elapses': 'schedule-to-start',
  'schedule-to-close-elapses': 'schedule-to-close',
  'start-to-close-elapses': 'start-to-close',
  'heartbeat-elapses': 'heartbeat',
};

class BareDomain {
  readonly #state = new PartitionState();
  readonly #queues = new Map<string, Attempt[]>();
  readonly #polled: Attempt[] = [];
  readonly #options: ReturnType<typeof optionsOf>;
  #now = epochMillis(1_000_000);
  #offset = 0;
  #heartbeatCount = 0;
  #answer: Answer = 'ok';

  constructor(trace: Pick<Trace, 'options'>) {
    this.#options = optionsOf(trace);
    this.#send(scheduleOf({ target: activityId, options: this.#options, requestId: 'start-1' }));
  }

  play(steps: readonly Step[]): Sighting {
    for (const step of steps) this.#take(step);
    return this.#sighting();
  }

  #take(step: Step): void {
    const deadlineType = elapses[step];
    if (deadlineType !== undefined) this.#pass(deadlineType);
    else if (step === 'poll') this.#answer = this.#poll(usualOptions.taskQueue);
    else if (step === 'poll-other-queue') this.#answer = this.#poll(otherTaskQueue);
    else this.#send(this.#commandOf(step as CommandStep));
  }

  #commandOf(step: CommandStep): Command {
    return commandOf(step, {
      target: this.#activity.id,
      options: this.#options,
      first: this.#polled[0],
      last: this.#polled.at(-1),
      nextHeartbeat: () => `heartbeat ${String(++this.#heartbeatCount)}`,
      nextRunId: () => `run-${String(this.#offset)}`,
    });
  }

  /** A worker takes tasks in turn until one is granted. */
  #poll(taskQueue: string): Answer {
    const tasks = this.#queues.get(taskQueue) ?? [];
    for (let task = tasks.shift(); task !== undefined; task = tasks.shift()) {
      const claimId = `claim-${String(this.#offset)}`;
      const { target, token: attempt } = task;
      const claim = { type: 'Claim', target, attempt, claimId, requestId: claimId, identity: 'worker' } as const;
      if (this.#send(claim).kind === 'accepted') {
        this.#polled.push(task);
        return 'task';
      }
    }
    return 'no-task';
  }

  /** Everything that is due up to the limit happens, in its order: what timeout-tracker does. */
  #pass(type: DeadlineType): void {
    const until = this.#due().find((deadline) => deadline.type === type)?.at;
    if (until === undefined) throw new Error(`Expected to let ${type} pass, but the activity has no such limit now`);
    for (let next = this.#due()[0]; next !== undefined && next.at <= until; next = this.#due()[0]) {
      this.#now = epochMillis(Math.max(this.#now, next.at));
      const decision = this.#send(this.#proposal(next));
      if (decision.kind === 'refused')
        throw new Error(`Expected ${next.type} to be due, but ${decision.refusal.message}`);
    }
    this.#answer = 'ok';
  }

  #due(): readonly Deadline[] {
    return deadlines(this.#activity, millis(1e9))
      .filter(({ type }) => type !== 'expire' && type !== 'redispatch')
      .toSorted((one, other) => one.at - other.at);
  }

  #proposal({ type, timer }: Deadline): Command {
    const common = { target: this.#activity.id, timer, requestId: '', identity: 'timeout-tracker' };
    switch (type) {
      case 'dispatch':
        return { type: 'DispatchDue', ...common };
      case 'redispatch':
      case 'expire':
        throw new Error(`${type} is not played`);
      case 'schedule-to-start':
      case 'schedule-to-close':
      case 'start-to-close':
      case 'heartbeat':
        return { type: 'TimeOut', timeoutType: type, ...common };
    }
  }

  #send(command: Command): Decision {
    const decision = decide(this.#state, command, { now: this.#now, offset: this.#offset, rules: 1 });
    this.#offset++;
    this.#answer = answerOf(decision);
    if (decision.kind === 'refused') return decision;
    for (const event of decision.events) {
      evolve(this.#state, event);
      if (event.type === 'TaskDispatched') this.#dispatch(event.id);
    }
    return decision;
  }

  #dispatch(id: ExecutionId): void {
    const activity = this.#state.activity(id);
    if (activity?.status !== 'scheduled') throw new Error('a task of what is not scheduled');
    const { taskQueue } = activity.options;
    const tasks = this.#queues.get(taskQueue) ?? [];
    this.#queues.set(taskQueue, tasks);
    const token = { by: 'token', ...timerReference(activity) } as const;
    tasks.push({ target: id, token, heartbeatDetails: activity.heartbeat?.details ?? [] });
  }

  /** The latest run of the id. */
  get #activity(): Activity {
    const runId = this.#state.latestRunId(activityId.namespace, activityId.activityId);
    const activity = runId === undefined ? undefined : this.#state.activity({ ...activityId, runId });
    if (activity === undefined) throw new Error('the activity was not accepted');
    return activity;
  }

  #sighting(): Sighting {
    const activity = this.#activity;
    return {
      status: publicStatus(activity),
      attempt: activity.attempt,
      attemptsStarted: this.#polled.length,
      answer: this.#answer,
      ...failureOf(activity),
      heartbeatDetails: textOf(this.#polled.at(-1)?.heartbeatDetails ?? []),
    };
  }
}

function failureOf(activity: Activity): Pick<Sighting, 'failure' | 'cause' | 'retryState'> {
  if (!('outcome' in activity) || activity.outcome.type !== 'failure') {
    return { failure: '', cause: '', retryState: 'unspecified' };
  }
  const { failure, retryState } = activity.outcome;
  return { failure: failure.message, cause: failure.cause?.message ?? '', retryState };
}

const optionsOf = ({ options }: Pick<Trace, 'options'>) => ({ ...usualOptions, ...options });

const textOf = (payloads: Payloads): string => payloads.map(({ data }) => new TextDecoder().decode(data)).join();
