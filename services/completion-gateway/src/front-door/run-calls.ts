import {
  checkId,
  checkInput,
  checkLength,
  checkPathStep,
  checkRun,
  firstRefusal,
  type EpochMillis,
  type Payloads,
} from '@ratchet/domain';
import type { Caller } from './caller.ts';
import type { Desk } from './desk.ts';
import { throwRefusal } from './front-door-errors.ts';

export interface SignalRequest {
  readonly workflowId: string;
  /** Empty: the latest run. */
  readonly runId: string;
  readonly signalName: string;
  readonly args: Payloads;
  /** The signal's id: the second one with it is dropped. Empty: one is made. */
  readonly requestId: string;
  /** As of `ReportOptions`. */
  readonly issuedAt?: EpochMillis;
}

/** Workflow runs from outside. */
export class RunCalls {
  readonly #desk: Desk;

  constructor(desk: Desk) {
    this.#desk = desk;
  }

  /** @throws FrontDoorError as `Desk.admit`; INVALID_ARGUMENT; NOT_FOUND for an unknown or closed run; UNAVAILABLE. */
  async signal(caller: Caller, request: SignalRequest): Promise<void> {
    const { workflowId, runId, signalName, args, requestId, issuedAt } = request;
    this.#desk.admit(caller, 'writer');
    const run = { namespace: caller.namespace, workflowId, runId };
    throwRefusal(
      firstRefusal(
        checkRun(run),
        checkId('signalName', signalName),
        checkPathStep('signalName', signalName),
        checkLength('request ID', requestId),
        checkLength('identity', caller.identity),
        checkInput(args),
      ),
    );
    const issued = issuedAt === undefined ? {} : { issuedAt };
    await this.#desk.send(caller, { type: 'SignalRun', run, name: signalName, args, ...issued }, { requestId });
  }
}
