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
import { otherTaskQueue, retryDelayMs, type Step } from './trace.ts';

/** The steps that are a command; the others poll or let time pass. */
export type CommandStep = Exclude<Step, 'poll' | 'poll-other-queue' | `${string}-elapses`>;

/** An attempt on its way to a worker, or with one. */
export interface Attempt {
  readonly target: ExecutionId;
  readonly token: AttemptReference;
  readonly heartbeatDetails: Payloads;
}

/** What a step may speak of. */
export interface Scene {
  readonly target: ExecutionId;
  readonly options: ActivityOptionsRequest;
  /** The attempts that were polled first and last. */
  readonly first: Attempt | undefined;
  readonly last: Attempt | undefined;
  readonly nextHeartbeat: () => string;
  readonly nextRunId: () => string;
}

const byId: AttemptReference = { by: 'id' };
const client = { identity: 'client' };
const worker = { identity: 'worker', requestId: 'report' };

/** A step of a worker, a client or an operator as the command it is. */
export function commandOf(step: CommandStep, scene: Scene): Command {
  return workerCommandOf(step, scene) ?? requestOf(step, scene);
}

function workerCommandOf(step: CommandStep, scene: Scene): Command | undefined {
  const { target } = scene;
  switch (step) {
    case 'complete':
      return { type: 'Complete', ...worker, ...spokenFor(scene.last), result: text('done') };
    case 'complete-with-first-token':
      return { type: 'Complete', ...worker, ...spokenFor(scene.first), result: text('done') };
    case 'complete-by-id':
      return { type: 'Complete', ...worker, target, attempt: byId, result: text('done') };
    case 'fail':
      return { type: 'Fail', ...worker, ...spokenFor(scene.last), failure: failure('failed') };
    case 'fail-with-first-token':
      return { type: 'Fail', ...worker, ...spokenFor(scene.first), failure: failure('failed') };
    case 'fail-by-id':
      return { type: 'Fail', ...worker, target, attempt: byId, failure: failure('failed') };
    case 'fail-for-good':
      return {
        type: 'Fail',
        ...worker,
        ...spokenFor(scene.last),
        failure: failure('failed for good', { nonRetryable: true }),
      };
    case 'fail-with-retry-delay': {
      const delayed = failure('failed with a delay', { nextRetryDelayMs: millis(retryDelayMs) });
      return { type: 'Fail', ...worker, ...spokenFor(scene.last), failure: delayed };
    }
    case 'fail-with-heartbeat-details': {
      const lastHeartbeatDetails = text(scene.nextHeartbeat());
      return { type: 'Fail', ...worker, ...spokenFor(scene.last), failure: failure('failed'), lastHeartbeatDetails };
    }
    case 'heartbeat':
      return { type: 'RecordHeartbeat', ...worker, ...spokenFor(scene.last), details: text(scene.nextHeartbeat()) };
    case 'heartbeat-with-first-token':
      return { type: 'RecordHeartbeat', ...worker, ...spokenFor(scene.first), details: text(scene.nextHeartbeat()) };
    case 'heartbeat-by-id':
      return { type: 'RecordHeartbeat', ...worker, target, attempt: byId, details: text(scene.nextHeartbeat()) };
    case 'report-canceled':
      return { type: 'ReportCanceled', ...worker, ...spokenFor(scene.last), details: [] };
    case 'report-canceled-by-id':
      return { type: 'ReportCanceled', ...worker, target, attempt: byId, details: [] };
    default:
      return undefined;
  }
}

type Request = Exclude<CommandStep, `${'complete' | 'fail' | 'heartbeat' | 'report'}${string}`>;

function requestOf(step: CommandStep, scene: Scene): Command {
  const { target } = scene;
  const reset = { type: 'Reset', ...client, target, requestId: 'reset-1', ...noReset } as const;
  const requests: Readonly<Record<Request, () => Command>> = {
    'start-again': () => startAgain(scene, {}),
    'start-again-with-same-request': () => startAgain(scene, { requestId: 'start-1' }),
    'start-again-using-existing': () => startAgain(scene, { idConflictPolicy: 'use-existing' }),
    'start-again-rejecting-duplicates': () => startAgain(scene, { idReusePolicy: 'reject-duplicate' }),
    'start-again-if-failed': () => startAgain(scene, { idReusePolicy: 'allow-duplicate-failed-only' }),
    'request-cancel': () => requestCancel(target, 'cancel-1'),
    'request-cancel-with-other-request': () => requestCancel(target, 'cancel-2'),
    terminate: () => ({
      type: 'Terminate',
      ...client,
      target,
      requestId: 'terminate-1',
      reason: 'terminated on purpose',
    }),
    pause: () => ({ type: 'Pause', ...client, target, requestId: 'pause-1', reason: '' }),
    unpause: () => ({ type: 'Unpause', ...client, target, requestId: 'unpause-1' }),
    reset: () => reset,
    'reset-keeping-pause': () => ({ ...reset, keepPaused: true }),
    'reset-forgetting-heartbeat': () => ({ ...reset, resetHeartbeat: true }),
    'reset-restoring-options': () => ({ ...reset, restoreOriginalOptions: true }),
    'move-to-other-queue': () => {
      const options = { taskQueue: otherTaskQueue };
      return { type: 'UpdateOptions', ...client, target, requestId: 'update-1', options, restoreOriginal: false };
    },
  };
  return requests[step as Request]();
}

const noReset = { keepPaused: false, resetHeartbeat: false, restoreOriginalOptions: false };

const requestCancel = (target: ExecutionId, requestId: string): Command => ({
  type: 'RequestCancel',
  ...client,
  target,
  requestId,
  reason: 'cancelled on purpose',
  cascaded: false,
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

function spokenFor(attempt: Attempt | undefined): { readonly target: ExecutionId; readonly attempt: AttemptReference } {
  if (attempt === undefined) throw new Error('Expected to speak for an attempt, but none was polled');
  return { target: attempt.target, attempt: attempt.token };
}

type ApplicationInfo = Extract<Failure['info'], { readonly type: 'application' }>;

const failure = (message: string, info: Partial<ApplicationInfo> = {}): Failure => ({
  message,
  source: 'conformance',
  stackTrace: '',
  info: { type: 'application', errorType: 'Error', nonRetryable: false, details: [], ...info },
});

const text = (value: string): Payloads => [{ metadata: {}, data: new TextEncoder().encode(value) }];
