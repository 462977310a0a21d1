import { setTimeout as sleep } from 'node:timers/promises';
import { eventually } from '@ratchet/testing';
import type { WorkflowServiceClient } from '@ratchet/testing/workflow-service';
import { msToTs } from '@temporalio/common/lib/time.js';
import protos from '@temporalio/proto';
import { heartbeatAnswer, toldOk, type Told } from '../answer-of.ts';
import { reportFailures, type FailStep } from '../failures.ts';
import { textPayload } from '../payload-text.ts';
import { nothing, type Described } from '../sighting-of.ts';
import { optionsOf, passedMs, shortenedStartToCloseMs, type Sighting, type Step, type Trace } from '../trace.ts';
import { describedOf, wireText } from './described-of.ts';
import { failureOf, startOptions, startPolicies } from './requests.ts';
import { detailOf, toldOf, undefinedIfLate } from './workflow-service.ts';

/** Where a trace is played: task queues that no other trace uses at the same time. */
export interface Lane {
  readonly taskQueue: string;
  readonly otherTaskQueue: string;
}

export interface PlayerOptions extends Lane {
  readonly service: WorkflowServiceClient;
  readonly namespace: string;
  readonly activityId: string;
}

/** An answer comes within this, whatever is asked. */
export const callMs = 20_000;
/** The deadline of a poll, which waits until a second before it (semantics section 2.7): a task that is there comes sooner. */
const pollMs = 4000;
const outcomeMs = 2500;
/** A limit that has passed shows within this. */
const lateMs = 60_000;

interface Polled {
  readonly taskToken: Uint8Array;
  readonly heartbeatDetails: string;
}

const identity = 'client';
const workerIdentity = 'worker';

type Service = ReturnType<WorkflowServiceClient['within']>;
/** The steps that are one call each. */
type CallStep = Exclude<Step, FailStep | keyof typeof startPolicies | 'time-passes' | ElapseStep>;
type ElapseStep = Extract<Step, `${string}-elapses`>;
type Call = (service: Service) => Promise<Told>;

/** One trace, played on one activity. */
export class Player {
  readonly #options: PlayerOptions;
  readonly #trace: Pick<Trace, 'options' | 'started' | 'steps'>;
  readonly #service: Service;
  readonly #polled: Polled[] = [];
  #heartbeatCount = 0;

  constructor(options: PlayerOptions, trace: Pick<Trace, 'options' | 'started' | 'steps'>) {
    this.#options = options;
    this.#trace = trace;
    this.#service = options.service.within(callMs);
  }

  async play(): Promise<Sighting> {
    if (this.#trace.started !== false) await this.#start('start-1', {});
    let told = toldOk;
    for (const step of this.#trace.steps) told = await this.#take(step);
    return {
      ...(await this.#describe()),
      attemptsStarted: this.#polled.length,
      answer: told.answer,
      message: told.message.replaceAll(this.#options.activityId, 'conformance'),
      heartbeatDetails: this.#polled.at(-1)?.heartbeatDetails ?? '',
    };
  }

  /** Leaves nothing open, so that the lane's task queues hold nothing for the next trace. */
  async end(): Promise<void> {
    await this.#told(async (service) => {
      await service.terminateActivityExecution({ ...this.#asked('end'), reason: 'the trace is over' });
      return toldOk;
    });
  }

  async #take(step: Step): Promise<Told> {
    if (isElapse(step)) return this.#waitUntil(passed[step]);
    if (step === 'time-passes') return sleep(passedMs, toldOk);
    if (step in startPolicies) return this.#startAgain(step as keyof typeof startPolicies);
    if (step in reportFailures) return this.#told(this.#failing(step as FailStep));
    return this.#told(this.#calls[step as CallStep]);
  }

  async #told(call: Call): Promise<Told> {
    return call(this.#service).catch(toldOf);
  }

  async #waitUntil(holds: (described: Described) => boolean): Promise<Told> {
    await eventually(async () => holds(await this.#describe()), { deadlineMs: lateMs, pauseMs: 50 });
    return toldOk;
  }

  async #describe(): Promise<Described> {
    try {
      const response = await this.#service.describeActivityExecution({
        ...this.#named,
        includeOutcome: true,
        includeLastFailure: true,
      });
      return describedOf(response);
    } catch (error) {
      if (toldOf(error).answer !== 'not-found') throw error;
      return nothing;
    }
  }

  async #start(requestId: string, policies: (typeof startPolicies)[keyof typeof startPolicies]): Promise<Told> {
    await this.#service.startActivityExecution({
      namespace: this.#options.namespace,
      identity,
      requestId,
      activityId: this.#options.activityId,
      activityType: { name: 'conformance' },
      taskQueue: { name: this.#options.taskQueue },
      ...startOptions(optionsOf(this.#trace)),
      ...policies,
    });
    return toldOk;
  }

  async #startAgain(step: keyof typeof startPolicies): Promise<Told> {
    const requestId = step === 'start-again-with-same-request' ? 'start-1' : 'start-2';
    try {
      return await this.#start(requestId, startPolicies[step]);
    } catch (error) {
      const told = toldOf(error);
      if (told.answer === 'already-exists') await this.#checkDetail(error);
      return told;
    }
  }

  /** Who is refused an id is told which run has it: the SDKs throw their error of it only then. */
  async #checkDetail(error: unknown): Promise<void> {
    const detail = detailOf(error, 'temporal.api.errordetails.v1.ActivityExecutionAlreadyStartedFailure');
    if (detail === undefined) throw new Error('Expected ALREADY_EXISTS to say which run has the id, but it does not');
    const { runId } = protos.temporal.api.errordetails.v1.ActivityExecutionAlreadyStartedFailure.decode(detail);
    const current = await this.#service.describeActivityExecution(this.#named);
    if (runId !== current.runId)
      throw new Error(`Expected run ${current.runId} to have the id, but ${runId} was named`);
  }

  async #poll(taskQueue: string): Promise<Told> {
    const polling = this.#options.service.within(pollMs).pollActivityTaskQueue({
      namespace: this.#options.namespace,
      taskQueue: { name: taskQueue },
      identity: workerIdentity,
    });
    // The empty answer of a server that is short of time comes too late, and says no more.
    const task = await polling.catch(undefinedIfLate);
    if (task === undefined || task.taskToken.length === 0) return { answer: 'no-task', message: '' };
    // It was granted for a poll of an earlier trace that had to go; a server may keep it for the next.
    if (task.activityId !== this.#options.activityId) return this.#poll(taskQueue);
    this.#polled.push({ taskToken: task.taskToken, heartbeatDetails: wireText(task.heartbeatDetails) });
    return { answer: 'task', message: '' };
  }

  #failing(step: FailStep): Call {
    const failure = failureOf(reportFailures[step]);
    const details = step === 'fail-with-heartbeat-details' ? { lastHeartbeatDetails: this.#nextHeartbeat() } : {};
    return async (service) => {
      if (step.endsWith('-by-id')) await service.respondActivityTaskFailedById({ ...this.#byId, failure });
      else await service.respondActivityTaskFailed({ ...this.#byToken(step), failure, ...details });
      return toldOk;
    };
  }

  #nextHeartbeat() {
    return { payloads: [textPayload(`heartbeat ${String(++this.#heartbeatCount)}`)] };
  }

  /** The latest run of the id. */
  get #named() {
    return { namespace: this.#options.namespace, activityId: this.#options.activityId };
  }

  get #byId() {
    return { ...this.#named, identity: workerIdentity };
  }

  #byToken(step: Step) {
    const polled = step.endsWith('-with-first-token') ? this.#polled[0] : this.#polled.at(-1);
    if (polled === undefined) throw new Error(`Expected to ${step}, but no attempt was polled`);
    return { namespace: this.#options.namespace, taskToken: polled.taskToken, identity: workerIdentity };
  }

  readonly #asked = (requestId: string) => ({ ...this.#named, identity, requestId });

  readonly #complete =
    (step: Step): Call =>
    async (service) => {
      await service.respondActivityTaskCompleted({ ...this.#byToken(step), result: done });
      return toldOk;
    };

  readonly #heartbeat =
    (step: Step): Call =>
    async (service) => {
      const details = step === 'heartbeat-without-details' ? null : this.#nextHeartbeat();
      const { cancelRequested, activityPaused, activityReset } = await service.recordActivityTaskHeartbeat({
        ...this.#byToken(step),
        details,
      });
      return flagsTold(cancelRequested, activityPaused, activityReset);
    };

  readonly #reportCanceled =
    (step: Step): Call =>
    async (service) => {
      await service.respondActivityTaskCanceled({ ...this.#byToken(step), details: stopped });
      return toldOk;
    };

  readonly #cancel =
    (requestId: string): Call =>
    async (service) => {
      await service.requestCancelActivityExecution({ ...this.#asked(requestId), reason: 'cancelled on purpose' });
      return toldOk;
    };

  readonly #terminate =
    (requestId: string): Call =>
    async (service) => {
      await service.terminateActivityExecution({ ...this.#asked(requestId), reason: 'terminated on purpose' });
      return toldOk;
    };

  readonly #pause =
    (requestId: string): Call =>
    async (service) => {
      await service.pauseActivityExecution(this.#asked(requestId));
      return toldOk;
    };

  readonly #reset =
    (requestId: string, how: Parameters<Service['resetActivityExecution']>[0] = {}): Call =>
    async (service) => {
      await service.resetActivityExecution({ ...this.#asked(requestId), ...how });
      return toldOk;
    };

  readonly #update =
    (requestId: string, what: () => Parameters<Service['updateActivityExecutionOptions']>[0]): Call =>
    async (service) => {
      await service.updateActivityExecutionOptions({ ...this.#asked(requestId), ...what() });
      return toldOk;
    };

  readonly #calls: Readonly<Record<CallStep, Call>> = {
    poll: () => this.#poll(this.#options.taskQueue),
    'poll-other-queue': () => this.#poll(this.#options.otherTaskQueue),
    complete: this.#complete('complete'),
    'complete-with-first-token': this.#complete('complete-with-first-token'),
    'complete-by-id': async (service) => {
      await service.respondActivityTaskCompletedById({ ...this.#byId, result: done });
      return toldOk;
    },
    heartbeat: this.#heartbeat('heartbeat'),
    'heartbeat-without-details': this.#heartbeat('heartbeat-without-details'),
    'heartbeat-with-first-token': this.#heartbeat('heartbeat-with-first-token'),
    'heartbeat-by-id': async (service) => {
      const { cancelRequested, activityPaused, activityReset } = await service.recordActivityTaskHeartbeatById({
        ...this.#byId,
        details: this.#nextHeartbeat(),
      });
      return flagsTold(cancelRequested, activityPaused, activityReset);
    },
    'report-canceled': this.#reportCanceled('report-canceled'),
    'report-canceled-with-first-token': this.#reportCanceled('report-canceled-with-first-token'),
    'report-canceled-by-id': async (service) => {
      await service.respondActivityTaskCanceledById({ ...this.#byId, details: stopped });
      return toldOk;
    },
    'request-cancel': this.#cancel('cancel-1'),
    'request-cancel-with-other-request': this.#cancel('cancel-2'),
    terminate: this.#terminate('terminate-1'),
    'terminate-with-other-request': this.#terminate('terminate-2'),
    describe: async (service) => {
      await service.describeActivityExecution(this.#named);
      return toldOk;
    },
    'await-outcome': async () => {
      const { outcome } = await this.#options.service.within(outcomeMs).pollActivityExecution(this.#named);
      return outcome ? toldOk : { answer: 'pending', message: '' };
    },
    delete: async (service) => {
      await service.deleteActivityExecution(this.#named);
      return toldOk;
    },
    pause: this.#pause('pause-1'),
    'pause-with-other-request': this.#pause('pause-2'),
    unpause: async (service) => {
      await service.unpauseActivityExecution(this.#asked('unpause-1'));
      return toldOk;
    },
    reset: this.#reset('reset-1'),
    'reset-with-other-request': this.#reset('reset-2'),
    'reset-keeping-pause': this.#reset('reset-1', { keepPaused: true }),
    'reset-keeping-pause-with-other-request': this.#reset('reset-2', { keepPaused: true }),
    'reset-forgetting-heartbeat': this.#reset('reset-1', { resetHeartbeat: true }),
    'reset-restoring-options': this.#reset('reset-1', { restoreOriginalOptions: true }),
    'move-to-other-queue': this.#update('update-queue', () => ({
      activityOptions: { taskQueue: { name: this.#options.otherTaskQueue } },
      updateMask: { paths: ['task_queue.name'] },
    })),
    'shorten-start-to-close': this.#update('update-timeout', () => ({
      activityOptions: { startToCloseTimeout: msToTs(shortenedStartToCloseMs) },
      updateMask: { paths: ['start_to_close_timeout'] },
    })),
    'restore-options': this.#update('update-back', () => ({ restoreOriginal: true })),
  };
}

const done = { payloads: [textPayload('done')] };
const stopped = { payloads: [textPayload('stopped')] };

const flagsTold = (cancelRequested: boolean, paused: boolean, reset: boolean): Told => ({
  answer: heartbeatAnswer({ cancelRequested, paused, reset }),
  message: '',
});

const waitIsOver = ({ waits }: Described) => !waits;
const isClosed = ({ status }: Described) => status !== 'running' && status !== 'paused';
const attemptIsOver = ({ runState }: Described) => ['unspecified', 'scheduled', 'paused'].includes(runState);

/** How it shows that a limit has passed. It may have passed before anyone looks: a change would be waited for in vain. */
const passed: Readonly<Record<ElapseStep, (described: Described) => boolean>> = {
  'start-delay-elapses': waitIsOver,
  'backoff-elapses': waitIsOver,
  'schedule-to-start-elapses': isClosed,
  'schedule-to-close-elapses': isClosed,
  'start-to-close-elapses': attemptIsOver,
  'heartbeat-elapses': attemptIsOver,
};

const isElapse = (step: Step): step is ElapseStep => step in passed;
