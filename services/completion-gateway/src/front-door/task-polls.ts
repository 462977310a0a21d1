import {
  checkLength,
  checkTaskQueue,
  firstRefusal,
  type ActivityTask,
  type EpochMillis,
  type WorkerSdk,
} from '@ratchet/domain';
import { recorded, type Caller } from './caller.ts';
import type { Desk } from './desk.ts';
import { throwRefusal } from './front-door-errors.ts';

export interface PollTaskRequest {
  readonly taskQueue: string;
  /** Names the worker, so that its polls can be ended when it shuts down; may be empty. */
  readonly workerInstanceKey: string;
  /** For all workers of the queue together; absent: as fast as they take them. */
  readonly tasksPerSecondMax?: number;
  /** What the worker is built with. Absent: it does not say. */
  readonly sdk?: WorkerSdk;
}

/** An attempt that is the poller's from `startedAt`. */
export interface GrantedTask {
  readonly task: ActivityTask;
  readonly startedAt: EpochMillis;
}

/** Who gives tasks to pollers. */
export interface TaskDispatch {
  take(request: TaskRequest, signal: AbortSignal): Promise<GrantedTask | undefined>;
  /** Ends the polls of one worker; they get nothing. */
  endPolls(namespace: string, workerInstanceKey: string): void;
}

export interface TaskRequest extends PollTaskRequest {
  readonly namespace: string;
  readonly identity: string;
  /** As it is recorded. */
  readonly principal: string;
}

/** Workers that cannot read Kafka ask for their tasks here. Semantics section 2.7. */
export class TaskPolls {
  readonly #desk: Desk;
  readonly #dispatch: TaskDispatch;

  constructor(desk: Desk, dispatch: TaskDispatch) {
    this.#desk = desk;
    this.#dispatch = dispatch;
  }

  /**
   * Waits for a task of a queue, claimed for this poller.
   *
   * @returns nothing when `signal` came first: the caller will ask again.
   * @throws FrontDoorError as `Desk.admit` and `Desk.poll`, and INVALID_ARGUMENT.
   */
  async poll(caller: Caller, request: PollTaskRequest, signal: AbortSignal): Promise<GrantedTask | undefined> {
    const { namespace, identity } = caller;
    this.#desk.admit(caller, 'worker');
    const { prefixLength } = this.#desk.channel;
    const queue = checkTaskQueue(namespace, request.taskQueue, undefined, prefixLength);
    throwRefusal(firstRefusal(checkLength('identity', identity), queue));
    const task = { ...request, namespace, identity, principal: recorded(caller.principal) };
    return this.#desk.poll(caller, () => this.#dispatch.take(task, signal));
  }

  /** A worker says that it lives. @throws FrontDoorError as `Desk.admit`. */
  admitWorker(caller: Caller): void {
    this.#desk.admit(caller, 'worker');
    throwRefusal(checkLength('identity', caller.identity));
  }

  /** A worker shuts down: the polls that it has open are answered with nothing. */
  shutdownWorker(caller: Caller, workerInstanceKey: string): void {
    this.admitWorker(caller);
    if (workerInstanceKey !== '') this.#dispatch.endPolls(caller.namespace, workerInstanceKey);
  }
}
