import {
  millis,
  type ActivityOptionsRequest,
  type AttemptReference,
  type Command,
  type CommandOf,
  type ExecutionId,
  type Failure,
  type Payloads,
} from '@ratchet/domain';
import { reportFailures, type FailStep } from './failures.ts';
import { textPayload } from './payload-text.ts';
import { otherTaskQueue, shortenedStartToCloseMs, type Step } from './trace.ts';

/** The steps that are a command; the others poll, look, or let time pass. */
export type CommandStep = Exclude<
  Step,
  'poll' | 'poll-other-queue' | 'describe' | 'await-outcome' | 'time-passes' | `${string}-elapses`
>;

/** An attempt on its way to a worker, or with one. */
export interface Attempt {
  readonly target: ExecutionId;
  readonly token: AttemptReference;
  readonly heartbeatDetails: Payloads;
}

/** The activity of a trace. Without a run id: whoever asks speaks of the latest run. */
export const activityId: ExecutionId = { namespace: 'default', workflowId: '', runId: '', activityId: 'conformance' };

/** What a step may speak of. */
export interface Scene {
  /** The latest run of the id. */
  readonly target: ExecutionId;
  readonly options: ActivityOptionsRequest;
  /** The attempts that were polled first and last. */
  readonly first: Attempt | undefined;
  readonly last: Attempt | undefined;
  readonly nextHeartbeat: () => string;
  readonly nextRunId: () => string;
}

const client = { identity: 'client' };
const worker = { identity: 'worker', requestId: 'report' };
const result = [textPayload('done')];

/** A step of a worker, a client or an operator as the command it is. */
export function commandOf(step: CommandStep, scene: Scene): Command {
  if (step in reportFailures) return failCommand(step as FailStep, scene);
  return reportOf(step, scene) ?? requestOf(step as Request, scene);
}

function failCommand(step: FailStep, scene: Scene): Command {
  const failure = reportFailures[step];
  const details = step === 'fail-with-heartbeat-details' ? [textPayload(scene.nextHeartbeat())] : undefined;
  return {
    type: 'Fail',
    ...worker,
    ...spokenFor(step, scene),
    ...(failure === undefined ? {} : { failure: domainFailure(failure) }),
    ...(details === undefined ? {} : { lastHeartbeatDetails: details }),
  };
}

function reportOf(step: CommandStep, scene: Scene): Command | undefined {
  const attempt = () => ({ ...worker, ...spokenFor(step, scene) });
  switch (step) {
    case 'complete':
    case 'complete-with-first-token':
    case 'complete-by-id':
      return { type: 'Complete', ...attempt(), result };
    case 'heartbeat':
    case 'heartbeat-with-first-token':
    case 'heartbeat-by-id':
      return { type: 'RecordHeartbeat', ...attempt(), details: [textPayload(scene.nextHeartbeat())] };
    case 'heartbeat-without-details':
      return { type: 'RecordHeartbeat', ...attempt(), details: [] };
    case 'report-canceled':
    case 'report-canceled-with-first-token':
    case 'report-canceled-by-id':
      return { type: 'ReportCanceled', ...attempt(), details: [textPayload('stopped')] };
    default:
      return undefined;
  }
}

/** Whose attempt a step is about: the one its name says. */
function spokenFor(
  step: CommandStep,
  { target, first, last }: Scene,
): { readonly target: ExecutionId; readonly attempt: AttemptReference } {
  if (step.endsWith('-by-id')) return { target, attempt: { by: 'id' } };
  const attempt = step.endsWith('-with-first-token') ? first : last;
  if (attempt === undefined) throw new Error(`Expected to ${step}, but no attempt was polled`);
  return { target: attempt.target, attempt: attempt.token };
}

type Request = Exclude<CommandStep, `${'complete' | 'fail' | 'heartbeat' | 'report'}${string}`>;

function requestOf(step: Request, scene: Scene): Command {
  const { target } = scene;
  const requests: Readonly<Record<Request, () => Command>> = {
    'start-again': () => startAgain(scene, {}),
    'start-again-with-same-request': () => startAgain(scene, { requestId: 'start-1' }),
    'start-again-using-existing': () => startAgain(scene, { idConflictPolicy: 'use-existing' }),
    'start-again-rejecting-duplicates': () => startAgain(scene, { idReusePolicy: 'reject-duplicate' }),
    'start-again-if-failed': () => startAgain(scene, { idReusePolicy: 'allow-duplicate-failed-only' }),
    'request-cancel': () => requestCancel(target, 'cancel-1'),
    'request-cancel-with-other-request': () => requestCancel(target, 'cancel-2'),
    terminate: () => terminate(target, 'terminate-1'),
    'terminate-with-other-request': () => terminate(target, 'terminate-2'),
    delete: () => ({ type: 'Delete', ...client, target, requestId: 'delete-1' }),
    pause: () => pause(target, 'pause-1'),
    'pause-with-other-request': () => pause(target, 'pause-2'),
    unpause: () => ({ type: 'Unpause', ...client, target, requestId: 'unpause-1' }),
    reset: () => reset(target, 'reset-1', {}),
    'reset-with-other-request': () => reset(target, 'reset-2', {}),
    'reset-keeping-pause': () => reset(target, 'reset-1', { keepPaused: true }),
    'reset-keeping-pause-with-other-request': () => reset(target, 'reset-2', { keepPaused: true }),
    'reset-forgetting-heartbeat': () => reset(target, 'reset-1', { resetHeartbeat: true }),
    'reset-restoring-options': () => reset(target, 'reset-1', { restoreOriginalOptions: true }),
    'move-to-other-queue': () => update(target, 'move-1', { options: { taskQueue: otherTaskQueue } }),
    'shorten-start-to-close': () =>
      update(target, 'shorten-1', { options: { startToCloseTimeoutMs: shortenedStartToCloseMs } }),
    'restore-options': () => update(target, 'restore-1', { restoreOriginal: true }),
  };
  return requests[step]();
}

export const requestCancel = (target: ExecutionId, requestId: string): Command => ({
  type: 'RequestCancel',
  ...client,
  target,
  requestId,
  reason: 'cancelled on purpose',
  cascaded: false,
});

export const terminate = (target: ExecutionId, requestId: string): Command => ({
  type: 'Terminate',
  ...client,
  target,
  requestId,
  reason: 'terminated on purpose',
});

export const pause = (target: ExecutionId, requestId: string): Command => ({
  type: 'Pause',
  ...client,
  target,
  requestId,
  reason: '',
});

export const reset = (target: ExecutionId, requestId: string, how: Partial<CommandOf<'Reset'>>): Command => ({
  type: 'Reset',
  ...client,
  target,
  requestId,
  keepPaused: false,
  resetHeartbeat: false,
  restoreOriginalOptions: false,
  ...how,
});

const update = (target: ExecutionId, requestId: string, what: Partial<CommandOf<'UpdateOptions'>>): Command => ({
  type: 'UpdateOptions',
  ...client,
  target,
  requestId,
  options: {},
  restoreOriginal: false,
  ...what,
});

const startAgain = ({ target, options, nextRunId }: Scene, policies: Partial<CommandOf<'Schedule'>>): Command => ({
  ...scheduleOf({ target: { ...target, runId: nextRunId() }, options, requestId: 'start-2' }),
  ...policies,
});

/** The start of the trace's activity. */
export const scheduleOf = (
  of: Pick<CommandOf<'Schedule'>, 'target' | 'options' | 'requestId'>,
): CommandOf<'Schedule'> => ({
  type: 'Schedule',
  ...client,
  ...of,
  activityType: 'conformance',
  input: [],
  header: {},
  idReusePolicy: 'allow-duplicate',
  idConflictPolicy: 'fail',
  shielded: false,
  retentionMs: millis(86_400_000),
  awaitOutcome: false,
});

const domainFailure = ({ message, info }: NonNullable<(typeof reportFailures)[FailStep]>): Failure => ({
  message,
  source: 'conformance',
  stackTrace: '',
  info:
    info.type === 'timeout'
      ? { type: 'timeout', timeoutType: info.timeoutType, lastHeartbeatDetails: [] }
      : {
          type: 'application',
          errorType: 'Error',
          nonRetryable: info.nonRetryable === true,
          details: [],
          ...(info.nextRetryDelayMs === undefined ? {} : { nextRetryDelayMs: millis(info.nextRetryDelayMs) }),
        },
});
