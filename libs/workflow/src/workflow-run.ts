import { randomUUID } from 'node:crypto';
import { RequestRefusedError, WorkflowNotFoundError, type ActivityClient } from '@ratchet/client';
import {
  attachRunShape,
  checkOptions,
  checkText,
  openRunShape,
  sendToRun,
  sessionOf,
  type ActivityCalls,
  type ClientSession,
  type HandleOf,
} from '@ratchet/client/session';
import {
  millis,
  reasonBytesMax,
  truncateUtf8,
  type RunCloseStatus,
  type RunId,
  type RunStatus,
  type WorkflowRun as RunState,
} from '@ratchet/domain';
import { durationMs, errorText, isInstance, type Duration } from '@ratchet/protocol';
import { CancellationScope } from './cancellation-scope.ts';
import type { ActivityCancellationType } from './cancellation-type.ts';
import { isCancellation, WorkflowRunTakenOverError } from './errors.ts';
import { RunActivities } from './run-activities.ts';
import type { RunActivityHandle } from './run-activity-handle.ts';
import type { AnyRunActivityOptions, RunActivityOptions, StepOptions } from './run-activity-options.ts';
import { sendAsDriver, type RunSession } from './run-session.ts';
import { RunWatch } from './run-watch.ts';
import { SignalStream, type RunSignal, type SignalCursor, type SignalSource } from './signal-stream.ts';

export interface OpenRunOptions {
  /** Of a workflow id one run is open at a time. At most 1000 bytes. */
  readonly workflowId: string;
  /** Made up when left out. */
  readonly runId?: string;
  /** A second request with the same id is the first one again: the same run, no error. Made up when left out. */
  readonly requestId?: string;
  /** How long the closed run is remembered; 1 h by default. */
  readonly retention?: Duration;
  /** It is closed as timed out when it is still open after so long, whether a process drives it or not. Default: never. */
  readonly timeout?: Duration;
}

export interface AttachRunOptions {
  readonly workflowId: string;
  /** Default: the latest run. */
  readonly runId?: string;
  /**
   * Whether this process drives the run from now on, and no longer the one that did. Default: true. With `false` it looks on:
   * it may cancel or terminate the run, signal it, and find its activities.
   */
  readonly takeOver?: boolean;
}

/** Someone wants the run to stop. */
export interface CancelRequest {
  readonly reason: string;
  readonly identity: string;
}

interface RunHandleOf extends HandleOf {
  readonly Handle: RunActivityHandle<this['Result']>;
}

const retentionDefault = '1h';

/**
 * One run of a workflow, as the process has it that drives it. The code of the workflow is the user's own; Ratchet keeps
 * the run's activities and signals, its cancellation and its end.
 *
 * ```ts
 * const run = await WorkflowRun.open(client, { workflowId: 'order-42' });
 * await run.execute(async () => {
 *   await run.executeActivity<typeof activities>('charge', { taskQueue: 'payments', args: ['4242'], timeouts: { startToClose: '30s' } });
 *   for await (const { args } of run.signals<[boolean]>('shipped')) if (args[0]) break;
 * });
 * ```
 *
 * ```
 *       cancel(), here or elsewhere            complete(), fail(), terminate(), ...
 * open ───────────────────────────> cancelling ─────────────────────────────────────> closed
 *   └───────────────────────────────────────────────────────────────────────────────────^
 * ```
 */
export class WorkflowRun {
  readonly workflowId: string;
  readonly runId: string;
  /** The run's own scope: cancelled when the run is, whoever asked for it. */
  readonly scope = new CancellationScope({ parent: null });
  readonly #session: RunSession;
  readonly #activities: RunActivities;
  readonly #watch: RunWatch;
  readonly #watching: Promise<void>;
  readonly #cursors = new Map<string, SignalCursor>();
  readonly #streams = new Map<string, Pick<SignalStream<readonly unknown[]>, 'detach'>>();
  #status: RunStatus = 'open';
  #closeStatus: RunCloseStatus | undefined;
  #cancelRequest: CancelRequest | undefined;
  #isClosing = false;

  private constructor(session: ClientSession, run: RunId, driverId: string) {
    this.workflowId = run.workflowId;
    this.runId = run.runId;
    this.#session = { session, run, driverId, scope: this.scope };
    this.#activities = new RunActivities(this.#session);
    this.#watch = new RunWatch({
      session: this.#session,
      status: () => this.#status,
      heard: (heard) => {
        this.#heard(heard);
      },
      gone: () => {
        this.#status = 'closed';
      },
    });
    this.#watching = this.#watch.run();
  }

  /**
   * Opens a run. Resolves once it is in the log: from then on activities can be scheduled in it and signals sent to it.
   *
   * @param client whose connection the run shares; any number of runs may share one.
   * @throws InvalidActivityOptionsError (rejects) when something is wrong with the options; nothing was sent then.
   * @throws WorkflowExecutionAlreadyStartedError when a run of the workflow id is open; RequestRefusedError when an id is
   * not one; OperationalError RKT1201 when no answer came in time.
   */
  static async open(client: ActivityClient, options: OpenRunOptions): Promise<WorkflowRun> {
    checkOptions(openRunShape, options);
    const { workflowId, runId = randomUUID(), requestId = randomUUID(), retention = retentionDefault } = options;
    const session = sessionOf(client);
    const { namespace, identity } = session;
    const run = { namespace, workflowId, runId };
    const retentionMs = millis(durationMs(retention) ?? 0);
    const driverId = randomUUID();
    const timeoutMs = millis(durationMs(options.timeout ?? 0) ?? 0);
    await sendToRun(session, { type: 'OpenRun', run, retentionMs, timeoutMs, driverId, requestId, identity });
    return new WorkflowRun(session, run, driverId);
  }

  /**
   * Goes on with an open run, after a restart or in another process, and takes it over: whoever drove it until now is
   * refused with a WorkflowRunTakenOverError from here on. Its steps give what became of them (`step`), its other activities
   * are found by their ids (`getActivityHandle`), its signals go on where they were acknowledged.
   *
   * @throws WorkflowNotFoundError (rejects) when there is no such run, or it is closed; InvalidActivityOptionsError when
   * something is wrong with the options.
   */
  static async attach(client: ActivityClient, options: AttachRunOptions): Promise<WorkflowRun> {
    checkOptions(attachRunShape, options);
    const { workflowId, runId = '', takeOver = true } = options;
    const session = sessionOf(client);
    const driverId = randomUUID();
    const asked = { namespace: session.namespace, workflowId, runId };
    const nothing = { signalName: '', signalsUpTo: -1, signalCountMax: 0 };
    const { body } = await session.channel.awaitRun(asked, nothing);
    if (body.type === 'Refused') throw new WorkflowNotFoundError(asked, body.refusal.message);
    if (body.run.status === 'closed') {
      throw new WorkflowNotFoundError(body.run.id, `workflow execution already completed: ${workflowId}`);
    }
    const { identity } = session;
    if (takeOver) {
      await sendToRun(session, { type: 'TakeOverRun', run: body.run.id, driverId, requestId: randomUUID(), identity });
    }
    const run = new WorkflowRun(session, body.run.id, driverId);
    run.#heard(body.run);
    return run;
  }

  /** As far as this process has heard. */
  get status(): RunStatus {
    return this.#status;
  }

  /** How it was closed, when it is and that was heard here. */
  get closeStatus(): RunCloseStatus | undefined {
    return this.#closeStatus;
  }

  /** Who wants it to stop, once someone does and that was heard here. `scope.cancelRequested` waits for it. */
  get cancelRequest(): CancelRequest | undefined {
    return this.#cancelRequest;
  }

  /**
   * Runs the code of the workflow in the run's scope, and closes the run as it ends: completed when it resolves; cancelled
   * when the run was asked to stop and the cancellation comes out of it; failed with any other error. It stays open when
   * another process has taken it over.
   *
   * @returns what `fn` gives. @throws what `fn` throws (rejects), or the error of closing.
   */
  async execute<T>(fn: () => Promise<T>): Promise<T> {
    let result: T;
    try {
      result = await this.scope.run(fn);
    } catch (error) {
      if (this.#status === 'closed' || isInstance(error, WorkflowRunTakenOverError)) throw error;
      if (this.#cancelRequest !== undefined && isCancellation(error)) await this.reportCancellation();
      else await this.fail(error);
      throw error;
    }
    if (this.#status !== 'closed') await this.complete();
    return result;
  }

  /**
   * Starts an activity once in the life of this run, and gives what became of it: its result or its failure, at once or when
   * it ends, now and whenever the same step is asked for again, be it after a restart, in another process. It belongs to the
   * current `CancellationScope`.
   *
   * ```ts
   * const receipt = await run.step<typeof activities>('charge the card', 'charge', { taskQueue, args: ['4242'], timeouts });
   * ```
   *
   * @param id names the step among those of the run, and is its activity's id. The activity is kept as long as the run, which
   * may have 10,000 of them.
   * @throws as `executeActivity`; InvalidActivityOptionsError (rejects) when the step was started with another activity.
   * Whether the arguments are those of the first time nobody asks.
   */
  readonly step: ActivityCalls<'execute', StepOptions, [id: string]> = async (
    id: string,
    activityType: string,
    options: StepOptions & { readonly args?: readonly unknown[] },
  ): Promise<never> => (await this.#activities.step(id, activityType, options)) as never;

  /**
   * Starts an activity in this run and waits for its result. It belongs to the current `CancellationScope`.
   *
   * @throws ActivityFailure (rejects) when it ends otherwise; CancelledFailure when the scope was cancelled before it began;
   * else as `startActivity`.
   */
  readonly executeActivity: ActivityCalls<'execute', RunActivityOptions> = async (
    activityType: string,
    options: AnyRunActivityOptions,
  ): Promise<never> => (await this.#activities.execute(activityType, options)) as never;

  /**
   * Starts an activity in this run. Resolves once it is accepted. It belongs to the current `CancellationScope`.
   *
   * @throws InvalidActivityOptionsError (rejects) when something is wrong with the options; nothing was sent then.
   * @throws ActivityAlreadyStartedError when an open activity of this run has the id.
   * @throws WorkflowRunClosedError when the run is closed; WorkflowNotFoundError when it is forgotten;
   * WorkflowRunTakenOverError when another process drives it.
   */
  readonly startActivity: ActivityCalls<RunHandleOf, RunActivityOptions> = async (
    activityType: string,
    options: AnyRunActivityOptions,
  ): Promise<RunActivityHandle<never>> =>
    (await this.#activities.start(activityType, options)) as RunActivityHandle<never>;

  /**
   * Finds an activity of this run by its id: one that was started before a restart, for example. It belongs to the current
   * `CancellationScope` from now on.
   */
  getActivityHandle<Result = unknown>(
    activityId: string,
    { cancellationType = 'WAIT_CANCELLATION_COMPLETED' }: { readonly cancellationType?: ActivityCancellationType } = {},
  ): RunActivityHandle<Result> {
    return this.#activities.find<Result>(activityId, cancellationType);
  }

  /**
   * The signals of a name, in the order in which they came, from the first that was not acknowledged. One stream of a name
   * at a time.
   *
   * A signal is acknowledged when the next one is asked for, or by its `acknowledge`. What was not is given again: to the next
   * stream, or after a restart. So a signal comes at least once, and twice only after a restart.
   *
   * @throws Error when there is a stream of that name already.
   */
  signals<Args extends readonly unknown[] = readonly unknown[]>(
    name: string,
  ): AsyncIterableIterator<RunSignal<Args>, undefined> {
    if (this.#streams.has(name)) {
      throw new Error(`Expected to have one stream of signals '${name}' at a time, but there is one already`);
    }
    const cursor = this.#cursors.get(name) ?? { acknowledgedTo: -1 };
    this.#cursors.set(name, cursor);
    const onEnd = (): void => void this.#streams.delete(name);
    const stream = new SignalStream<Args>(this.#session, name, { source: this.#signalSource(), cursor, onEnd });
    this.#streams.set(name, stream);
    return stream;
  }

  /**
   * Asks the run to stop: its scope is cancelled in every process that has it, and the server asks its open activities to
   * stop, except those behind a shield. Resolves once the request is recorded; the run still has to be closed by its own code.
   *
   * @throws RequestRefusedError (rejects) when someone else has asked before; WorkflowNotFoundError when it is closed.
   */
  async cancel(reason = ''): Promise<void> {
    checkText('reason', reason);
    const { session, run } = this.#session;
    const { identity } = session;
    await sendToRun(session, { type: 'RequestCancelRun', run, reason, requestId: randomUUID(), identity });
    this.#cancelled({ reason, identity });
  }

  /**
   * Closes the run. What is still open in it ends.
   *
   * @throws WorkflowNotFoundError (rejects) when it is closed already; WorkflowRunTakenOverError when another process drives it.
   */
  complete(): Promise<void> {
    return this.#close('completed', '');
  }

  /** Closes the run as failed, whatever was thrown; its message is kept, up to 1 MiB of it. @throws as `complete`. */
  fail(failure: unknown): Promise<void> {
    return this.#close('failed', truncateUtf8(errorText(failure), reasonBytesMax));
  }

  /** Closes the run without asking its code, whoever drives it. @throws WorkflowNotFoundError (rejects) when it is closed already. */
  async terminate(reason = ''): Promise<void> {
    checkText('reason', reason);
    await this.#close('terminated', reason);
  }

  /**
   * Closes the run as cancelled: its code has stopped because that was asked for.
   *
   * @throws RequestRefusedError (rejects) when nobody has asked; else as `complete`.
   */
  async reportCancellation(): Promise<void> {
    if (this.#cancelRequest === undefined) {
      const message = 'Expected to close the run as cancelled, but nobody has asked for its cancellation';
      throw new RequestRefusedError('failed-precondition', message);
    }
    await this.#close('canceled', this.#cancelRequest.reason);
  }

  /** Closes the run as timed out before its `timeout`, if it has one: its code keeps the time. @throws as `complete`. */
  timeOut(): Promise<void> {
    return this.#close('timed-out', '');
  }

  /**
   * Closes the run and opens the next one of the same workflow id. Between the two there is a moment without an open run.
   *
   * @throws as `complete` and `open`.
   */
  async continueAsNew(client: ActivityClient, options: Omit<OpenRunOptions, 'workflowId'> = {}): Promise<WorkflowRun> {
    const next = { ...options, workflowId: this.workflowId };
    checkOptions(openRunShape, next);
    await this.#close('continued-as-new', '');
    return WorkflowRun.open(client, next);
  }

  /** Lets go of the run and leaves it open: ends what listens, and sends what was acknowledged. */
  async detach(): Promise<void> {
    this.#watch.end();
    const streams = [...this.#streams.values()];
    await Promise.all(streams.map(async (stream) => stream.detach()));
    await this.#watching;
  }

  async #close(status: RunCloseStatus, reason: string): Promise<void> {
    const { session, run } = this.#session;
    const { identity } = session;
    const close = { type: 'CloseRun', run, status, reason, requestId: randomUUID(), identity } as const;
    this.#isClosing = true;
    try {
      if (status === 'terminated') await sendToRun(session, close);
      else await sendAsDriver(this.#session, close);
    } catch (error) {
      if (this.#status === 'closed') this.scope.cancel('NOT_FOUND');
      throw error;
    } finally {
      this.#isClosing = false;
    }
    this.#closed(status);
    this.#watch.end();
  }

  #signalSource(): SignalSource {
    const status = (): RunStatus => this.#status;
    const closeStatus = (): RunCloseStatus | undefined => this.#closeStatus;
    return {
      get status() {
        return status();
      },
      get closeStatus() {
        return closeStatus();
      },
      heard: (run) => {
        this.#heard(run);
      },
    };
  }

  /** The server said where the run stands; what it said earlier may come later. */
  #heard({ status, cancel, close }: RunState): void {
    if (cancel !== undefined) this.#cancelled(cancel);
    if (status !== 'closed' || this.#status === 'closed') return;
    this.#closed(close?.status);
    // News of its own close may come before the answer to it.
    if (!this.#isClosing) this.scope.cancel('NOT_FOUND');
  }

  #cancelled({ reason, identity }: CancelRequest): void {
    if (this.#cancelRequest !== undefined || this.#status === 'closed') return;
    this.#cancelRequest = { reason, identity };
    this.#status = 'cancel-requested';
    this.scope.cancel(reason);
  }

  #closed(status: RunCloseStatus | undefined): void {
    this.#status = 'closed';
    this.#closeStatus = status;
  }
}
