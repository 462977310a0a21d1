import { randomUUID } from 'node:crypto';
import type { RunCloseStatus, Signal, WorkflowRun as RunState } from '@ratchet/domain';
import { payloadsToValues } from '@ratchet/protocol';
import { effectiveCancellation } from './effective-cancellation.ts';
import { WorkflowRunClosedError, WorkflowRunTakenOverError } from './errors.ts';
import { sendAsDriver, type RunSession } from './run-session.ts';

/** A message to a run. */
export interface RunSignal<Args extends readonly unknown[] = readonly unknown[]> {
  /** The sender's: a second signal with the same one never arrives. */
  readonly id: string;
  readonly name: string;
  readonly args: Args;
  /** When it came into the log; epoch milliseconds. */
  readonly sentAt: number;
  /** Says that this signal, and those of its name before it, were taken in. Resolves once that is recorded. */
  acknowledge(): Promise<void>;
}

/** How far a name is taken in, in this process: the next stream of that name goes on there. */
export interface SignalCursor {
  /** Offset of the last signal that was acknowledged, be it that the server does not know it yet. */
  acknowledgedTo: number;
}

/** What a stream must know of its run. */
export interface SignalSource {
  readonly status: RunState['status'];
  /** How it was closed, when it is. */
  readonly closeStatus: RunCloseStatus | undefined;
  /** Told what the server said of the run. */
  readonly heard: (run: RunState) => void;
}

/** How many signals wait here at most; the others wait at the server. */
const bufferedCountMax = 100;

/**
 * The signals of one name, in the order of the log, from the first that was not acknowledged.
 *
 * Asking for the next one acknowledges the one before. It asks the server only when nothing is left here, so whoever is
 * slow has at most a hundred signals in memory.
 */
export class SignalStream<Args extends readonly unknown[]> implements AsyncIterableIterator<
  RunSignal<Args>,
  undefined
> {
  readonly #run: RunSession;
  readonly #name: string;
  readonly #source: SignalSource;
  readonly #cursor: SignalCursor;
  readonly #onEnd: () => void;
  #buffer: Signal[] = [];
  #current: Signal | undefined;
  #confirmedTo: number;
  #receivedTo: number;
  #acknowledging: Promise<void> | undefined;
  #tail: Promise<unknown> = Promise.resolve();
  readonly #ended = new AbortController();

  /** @internal Made by `WorkflowRun.signals`. */
  constructor(
    run: RunSession,
    name: string,
    {
      source,
      cursor,
      onEnd,
    }: { readonly source: SignalSource; readonly cursor: SignalCursor; readonly onEnd: () => void },
  ) {
    this.#run = run;
    this.#name = name;
    this.#source = source;
    this.#cursor = cursor;
    this.#receivedTo = cursor.acknowledgedTo;
    this.#confirmedTo = cursor.acknowledgedTo;
    this.#onEnd = onEnd;
  }

  /**
   * @throws CancelledFailure (rejects) when the current scope is cancelled; WorkflowRunClosedError when the run is closed and
   * all signals that came before are taken in; WorkflowRunTakenOverError when another process drives it.
   */
  next(): Promise<IteratorResult<RunSignal<Args>, undefined>> {
    const next = this.#tail.then(() => this.#next());
    this.#tail = next.catch(() => undefined);
    return next;
  }

  /** Ends the stream, and whoever waits for its next signal. The signal that was last given stays for the next stream, unless it was acknowledged. */
  return(): Promise<IteratorResult<RunSignal<Args>, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** @internal As `return`; resolves once what was acknowledged is recorded. */
  async detach(): Promise<void> {
    this.#end();
    await this.#acknowledging?.catch(() => undefined);
    if (this.#confirmedTo < this.#cursor.acknowledgedTo) await this.#sendAcknowledgement().catch(() => undefined);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async #next(): Promise<IteratorResult<RunSignal<Args>, undefined>> {
    if (this.#hasEnded()) return { done: true, value: undefined };
    if (this.#current !== undefined) {
      // Nobody waits for it: a lost acknowledgement only brings a signal again, and the next one makes up for it.
      this.#acknowledge(this.#current.offset).catch(() => undefined);
      this.#current = undefined;
    }
    try {
      while (this.#buffer.length === 0) this.#buffer = await this.#fetch();
      const value = await this.#signal(this.#buffer[0]);
      if (this.#hasEnded()) return { done: true, value: undefined };
      this.#current = this.#buffer.shift();
      return { done: false, value };
    } catch (error) {
      // Whoever has ended it waits for nothing, so nothing has failed.
      if (this.#hasEnded()) return { done: true, value: undefined };
      this.#end();
      throw error;
    }
  }

  /** A call, since the compiler does not see that it ends meanwhile. */
  #hasEnded(): boolean {
    return this.#ended.signal.aborted;
  }

  /** The next page; empty when there was other news of the run. */
  async #fetch(): Promise<Signal[]> {
    const { status, closeStatus, heard } = this.#source;
    const { session, run, scope } = this.#run;
    const cancellation = effectiveCancellation(scope);
    if (cancellation.cause !== undefined) throw cancellation.cause;
    const cancelled = new AbortController();
    const unwatch = cancellation.onCancel((cause) => {
      cancelled.abort(cause);
    });
    const signal = AbortSignal.any([cancelled.signal, this.#ended.signal]);
    // Of a closed run nothing is to be waited for: what is left comes at once, and then the answer without any.
    const known = { signalName: this.#name, signalsUpTo: this.#receivedTo, signalCountMax: bufferedCountMax };
    const asked = status === 'closed' ? known : { ...known, status };
    try {
      const { body } = await session.channel.awaitRun(run, asked, { signal });
      if (body.type === 'Refused') throw new WorkflowRunClosedError(run, body.refusal.message, closeStatus);
      heard(body.run);
      this.#checkDriver(body.run);
      this.#receivedTo = body.signals.at(-1)?.offset ?? this.#receivedTo;
      if (status === 'closed' && body.signals.length === 0) throw this.#closedError(body.run.close?.status);
      return [...body.signals];
    } finally {
      unwatch();
    }
  }

  /** The signals are the driver's to take in. */
  #checkDriver({ id, driver, status }: RunState): void {
    if (status === 'closed' || driver === undefined || driver.id === this.#run.driverId) return;
    throw new WorkflowRunTakenOverError(id, `another process drives the workflow run: ${driver.identity}`);
  }

  async #signal(signal: Signal | undefined): Promise<RunSignal<Args>> {
    if (signal === undefined) throw new Error('Expected to have a signal, but there is none');
    const { signalId: id, name, sentAt, offset } = signal;
    // What they are, the caller's types know.
    const args = (await payloadsToValues(this.#run.session.converter, signal.args)) as unknown as Args;
    return { id, name, args, sentAt, acknowledge: () => this.#acknowledge(offset) };
  }

  /** One at a time: what comes meanwhile is acknowledged by the next one at once. */
  #acknowledge(upTo: number): Promise<void> {
    this.#cursor.acknowledgedTo = Math.max(this.#cursor.acknowledgedTo, upTo);
    if (this.#current !== undefined && this.#current.offset <= upTo) this.#current = undefined;
    if (this.#acknowledging === undefined) {
      this.#acknowledging = this.#sendAcknowledgement().finally(() => {
        this.#acknowledging = undefined;
      });
      return this.#acknowledging;
    }
    return this.#acknowledging.catch(() => undefined).then(() => this.#acknowledgedOrSend(upTo));
  }

  async #acknowledgedOrSend(upTo: number): Promise<void> {
    if (this.#confirmedTo < upTo) await this.#acknowledge(upTo);
  }

  async #sendAcknowledgement(): Promise<void> {
    const upTo = this.#cursor.acknowledgedTo;
    const { session, run } = this.#run;
    const { identity } = session;
    const request = { requestId: randomUUID(), identity };
    await sendAsDriver(this.#run, { type: 'AcknowledgeSignals', run, name: this.#name, upTo, ...request });
    this.#confirmedTo = upTo;
  }

  #closedError(status: RunCloseStatus | undefined): WorkflowRunClosedError {
    const { run } = this.#run;
    return new WorkflowRunClosedError(run, `workflow execution already completed: ${run.workflowId}`, status);
  }

  #end(): void {
    if (this.#hasEnded()) return;
    this.#ended.abort();
    this.#onEnd();
  }
}
