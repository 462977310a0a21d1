import { isClosed, type Payloads } from '@ratchet/domain';
import { blobBytesMax, failureBytes, isOversized } from '@ratchet/domain';
import { decodeTaskToken } from '@ratchet/protocol';
import type {
  AttemptFailureReport,
  AttemptName,
  Caller,
  FrontDoor,
  HeartbeatAnswer,
  ReportOptions,
} from '../front-door/index.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { ProblemError } from './problem.ts';

/**
 * The front door's attempt calls, with an exact word for who comes too late: 409 when the activity is closed, or no
 * attempt of it runs; 410 when the attempt that is spoken of is not the current one; 404 when there is no such activity.
 *
 * gRPC has one word for all three (semantics section 2.4), so who is refused is looked up again; who is not is not.
 */
export class AttemptReports {
  readonly #frontDoor: Pick<FrontDoor, 'activities' | 'attempts'>;

  constructor(frontDoor: Pick<FrontDoor, 'activities' | 'attempts'>) {
    this.#frontDoor = frontDoor;
  }

  /** @param options without an id it counts as often as it comes. */
  complete(caller: Caller, name: AttemptName, result: Payloads, options: ReportOptions = {}): Promise<void> {
    refuseOversized('result', isOversized(result));
    return this.#told(caller, name, this.#frontDoor.attempts.complete(caller, name, result, options));
  }

  async fail(caller: Caller, name: AttemptName, report: AttemptFailureReport): Promise<void> {
    refuseOversized('failure', report.failure !== undefined && failureBytes(report.failure) > blobBytesMax);
    await this.#told(caller, name, this.#frontDoor.attempts.fail(caller, name, report));
  }

  reportCanceled(caller: Caller, name: AttemptName, details: Payloads, options: ReportOptions = {}): Promise<void> {
    refuseOversized('details', isOversized(details));
    return this.#told(caller, name, this.#frontDoor.attempts.reportCanceled(caller, name, details, options));
  }

  heartbeat(caller: Caller, name: AttemptName, details: Payloads): Promise<HeartbeatAnswer> {
    refuseOversized('details', isOversized(details));
    return this.#told(caller, name, this.#frontDoor.attempts.heartbeat(caller, name, details));
  }

  async #told<T>(caller: Caller, name: AttemptName, answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof FrontDoorError)) throw error;
      throw tokenProblem(name, error) ?? (await this.#lateProblem(caller, name, error)) ?? error;
    }
  }

  async #lateProblem(caller: Caller, name: AttemptName, error: FrontDoorError): Promise<ProblemError | undefined> {
    if (error.reason !== 'not-found' && error.reason !== 'stale-attempt') return undefined;
    const target = 'taskToken' in name ? decodeTaskToken(name.taskToken).id : { ...name, namespace: caller.namespace };
    if (target.workflowId !== '') return undefined;
    const { namespace, activityId, runId } = target;
    const found = this.#frontDoor.activities.describe({ ...caller, namespace }, { activityId, runId });
    const seen = await found.catch(() => undefined);
    if (seen === undefined) return undefined;
    const { activity } = seen;
    if (isClosed(activity)) {
      return late(409, `activity ${activityId} is already closed: ${activity.status}`, error);
    }
    return 'taskToken' in name
      ? late(410, `the attempt of this token is not the current one of activity ${activityId}`, error)
      : late(409, `no attempt of activity ${activityId} is running`, error);
  }
}

const late = (status: 409 | 410, detail: string, cause: FrontDoorError): ProblemError =>
  new ProblemError(status, detail, {}, { cause });

/** Refused before anything was written, with no word from the log: what is wrong is the token. */
function tokenProblem(name: AttemptName, { status, reason, message }: FrontDoorError): ProblemError | undefined {
  if (!('taskToken' in name) || status !== 'INVALID_ARGUMENT' || reason !== undefined) return undefined;
  return new ProblemError(400, message, { errors: [{ pointer: '/taskToken', detail: message }] });
}

/** By gRPC it would fail the activity (semantics section 2.3); here the sender is told, and may send less. */
function refuseOversized(field: string, isTooLarge: boolean): void {
  if (!isTooLarge) return;
  throw new ProblemError(413, `${field} exceeds length limit. Limit=${String(blobBytesMax)}`);
}
