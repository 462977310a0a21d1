import {
  blobBytesMax,
  checkAttemptReport,
  checkLength,
  failureBytes,
  firstRefusal,
  isOversized,
  oversizedFailure,
  oversizedFailureBytesKept,
  serverFailure,
  truncateFailure,
  validateFailure,
  type Answer,
  type AttemptReference,
  type EpochMillis,
  type ExecutionId,
  type Failure,
  type Payloads,
} from '@ratchet/domain';
import { attemptOf, TaskTokenError, type TaskTokenVerifier } from '@ratchet/protocol';
import type { Caller } from './caller.ts';
import type { Desk } from './desk.ts';
import { asFrontDoorError, throwRefusal } from './front-door-errors.ts';

/** Which attempt is spoken of: that of a task token, or by ids whichever is current. */
export type AttemptName = { readonly taskToken: Uint8Array } | AttemptIds;

export interface AttemptIds {
  readonly activityId: string;
  /** Empty: a standalone activity. */
  readonly workflowId: string;
  /** Empty: the latest run. */
  readonly runId: string;
}

/** What may be reported more than once and counts once has an id of its own. */
export interface ReportOptions {
  readonly reportId?: string;
  /** When it was sent, as a signature proves; it is nothing to a run that began later. */
  readonly issuedAt?: EpochMillis;
}

export interface AttemptFailureReport extends ReportOptions {
  /** Absent: there are no details. */
  readonly failure?: Failure;
  readonly lastHeartbeatDetails?: Payloads;
}

/** At most one is set (semantics section 2.5). */
export interface HeartbeatAnswer {
  readonly cancelRequested: boolean;
  readonly paused: boolean;
  readonly reset: boolean;
}

interface FoundAttempt {
  readonly caller: Caller;
  readonly target: ExecutionId;
  readonly attempt: AttemptReference;
}

/**
 * What whoever runs an attempt says of it, by task token or by ids. Semantics sections 2.1 to 2.5.
 *
 * A token is verified before anything is asked or written, without any lookup; the log alone knows whether it is current.
 * Every call throws FrontDoorError: INVALID_ARGUMENT for a token that is none of ours, and for what is wrong in the
 * request; what `Desk.admit` refuses; NOT_FOUND when there is no such attempt any more; UNAVAILABLE when no answer came.
 */
export class AttemptCalls {
  readonly #desk: Desk;
  readonly #tokens: TaskTokenVerifier;

  constructor(desk: Desk, tokens: TaskTokenVerifier) {
    this.#desk = desk;
    this.#tokens = tokens;
  }

  async complete(caller: Caller, name: AttemptName, result: Payloads, options: ReportOptions = {}): Promise<void> {
    const { caller: sender, ...attempt } = this.#find(caller, name);
    await this.#desk.send(sender, { type: 'Complete', ...attempt, result: fitting(result), ...options });
  }

  /** @returns what was wrong with the sizes of the report, which counts all the same (semantics section 2.3). */
  async fail(caller: Caller, name: AttemptName, report: AttemptFailureReport): Promise<readonly Failure[]> {
    const { caller: sender, ...attempt } = this.#find(caller, name);
    const { failure, lastHeartbeatDetails, ...options } = report;
    throwRefusal(validateFailure({ ...attempt, ...(failure === undefined ? {} : { failure }) }));
    const details = lastHeartbeatDetails !== undefined && !isOversized(lastHeartbeatDetails);
    await this.#desk.send(sender, {
      type: 'Fail',
      ...attempt,
      ...(failure === undefined ? {} : { failure: fittingFailure(failure) }),
      ...(details ? { lastHeartbeatDetails } : {}),
      ...options,
    });
    return oversizedParts(report);
  }

  async reportCanceled(
    caller: Caller,
    name: AttemptName,
    details: Payloads,
    options: ReportOptions = {},
  ): Promise<void> {
    const { caller: sender, ...attempt } = this.#find(caller, name);
    await this.#desk.send(sender, { type: 'ReportCanceled', ...attempt, details: fitting(details), ...options });
  }

  async heartbeat(caller: Caller, name: AttemptName, details: Payloads): Promise<HeartbeatAnswer> {
    const { caller: sender, ...attempt } = this.#find(caller, name);
    const command = { type: 'RecordHeartbeat', ...attempt, details: fitting(details) } as const;
    return heartbeatAnswer(await this.#desk.send(sender, command));
  }

  #find(caller: Caller, name: AttemptName): FoundAttempt {
    const found = 'taskToken' in name ? this.#byToken(caller, name.taskToken) : byIds(caller, name);
    this.#desk.admit(found.caller, 'worker');
    const { workflowId, runId, activityId } = found.target;
    throwRefusal(
      firstRefusal(
        checkAttemptReport(found.target, caller.identity),
        checkLength('workflow ID', workflowId),
        checkLength('run ID', runId),
        checkLength('activity ID', activityId),
      ),
    );
    return found;
  }

  #byToken(caller: Caller, bytes: Uint8Array): FoundAttempt {
    try {
      const token = this.#tokens.verify(bytes);
      const { namespace } = token.id;
      if (caller.namespace !== '' && caller.namespace !== namespace) throw ofOtherNamespace();
      return { caller: { ...caller, namespace }, target: token.id, attempt: attemptOf(token) };
    } catch (error) {
      throw asFrontDoorError(error);
    }
  }
}

const byIds = (caller: Caller, { workflowId, runId, activityId }: AttemptIds): FoundAttempt => ({
  caller,
  target: { namespace: caller.namespace, workflowId, runId, activityId },
  attempt: { by: 'id' },
});

const ofOtherNamespace = (): TaskTokenError =>
  new TaskTokenError('other-namespace', 'Operation requested with a token from a different namespace.');

function heartbeatAnswer(answer: Answer): HeartbeatAnswer {
  if (answer.type !== 'HeartbeatRecorded') {
    throw new Error(`Expected to hear of a heartbeat, but the answer is ${answer.type}`);
  }
  const { cancelRequested, paused, reset } = answer;
  return { cancelRequested, paused, reset };
}

/**
 * What is over the limit has its consequence in `decide` and need not fit a record: something as oversized, but no
 * larger than that, goes in its place.
 */
const fitting = (payloads: Payloads): Payloads =>
  isOversized(payloads) ? [{ metadata: {}, data: new Uint8Array(blobBytesMax + 1) }] : payloads;

const fittingFailure = (failure: Failure): Failure =>
  failureBytes(failure) <= blobBytesMax
    ? failure
    : {
        ...truncateFailure(failure, oversizedFailureBytesKept, true),
        encodedAttributes: { metadata: {}, data: new Uint8Array(blobBytesMax + 1) },
      };

function oversizedParts({ failure, lastHeartbeatDetails = [] }: AttemptFailureReport): readonly Failure[] {
  const parts: Failure[] = [];
  if (failure !== undefined && failureBytes(failure) > blobBytesMax) parts.push(oversizedFailure(failure, true));
  if (isOversized(lastHeartbeatDetails)) parts.push(serverFailure('Heartbeat details exceed size limit.', true));
  return parts;
}
