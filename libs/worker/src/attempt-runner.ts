import { executionKey, type EpochMillis } from '@ratchet/domain';
import { beginProcess, readTrace, traceOfLine, type TraceContext } from '@ratchet/kafka';
import {
  after,
  claimTask,
  decodeTaskToken,
  errorText,
  taskGroup,
  type CancelNotice,
  type ReadTask,
  type TaskToken,
} from '@ratchet/protocol';
import { AttemptRun } from './attempt-run.ts';
import type { CancelReason } from './cancel-reason.ts';
import type { WorkerTools } from './worker-tools.ts';
import { workerSdk } from './worker-sdk.ts';

export interface StopOptions {
  /** How long what runs may go on before it is cancelled. */
  readonly graceMs: number;
  /** How long it is waited for at all; absent: as long as it takes. */
  readonly forceMs: number | undefined;
}

/** How long a worker that stops waits for answers: what it has appended is in the log, answered or not. */
const answerMsMax = 10_000;

/** Claims tasks, runs what is granted, and knows what runs. */
export class AttemptRunner {
  readonly #tools: WorkerTools;
  readonly #runs = new Map<string, AttemptRun>();
  readonly #claims = new Set<Promise<unknown>>();
  readonly #executions = new Set<Promise<unknown>>();
  readonly #reports = new Set<Promise<unknown>>();
  readonly #forgetNotices: () => void;
  #isStopping = false;
  #isStopped = false;

  constructor(tools: WorkerTools) {
    this.#tools = tools;
    this.#forgetNotices = tools.channel.onCancelNotice(({ reason, ...attempt }) => {
      this.#runs.get(runKeyOf(attempt))?.cancel(reasons[reason]);
    });
  }

  /** Resolves when the task is no longer in work here; never rejects. Its record is settled once its claim is answered. */
  async work(taken: ReadTask): Promise<void> {
    const { task, record } = taken;
    const parent = readTrace(record.headers);
    const span = beginProcess(this.#tools.connection, record, { group: taskGroup(record.topic), about: task, parent });
    const trace = span?.trace ?? parent;
    this.#tools.metrics?.received(task);
    const granted = await tracked(this.#claims, this.#claim(taken, trace));
    if (granted === undefined || this.#isStopped) {
      span?.end();
      return;
    }
    this.#tools.metrics?.granted(task, granted.startedAt);
    const run = new AttemptRun({ task, ...granted, trace }, this.#tools);
    await tracked(
      this.#executions,
      this.#execute(run, granted.token, () => span?.end()),
    );
  }

  /** Waits for what runs as the options say, and then a little for what was asked or reported and not yet answered. */
  async stop({ graceMs, forceMs }: StopOptions): Promise<void> {
    const stopAt = forceMs === undefined ? Infinity : performance.now() + forceMs;
    await Promise.all([
      within(answerMsMax, this.#claims),
      this.#cancelAfter(Math.min(graceMs, stopAt - performance.now())),
    ]);
    await within(stopAt - performance.now(), this.#executions);
    await within(answerMsMax, this.#reports);
    this.#isStopped = true;
    this.#forgetNotices();
  }

  async #cancelAfter(graceMs: number): Promise<void> {
    await within(graceMs, this.#executions);
    this.#isStopping = true;
    for (const run of this.#runs.values()) run.cancel('WORKER_SHUTDOWN');
  }

  async #claim(
    { task, done }: ReadTask,
    trace: TraceContext | undefined,
  ): Promise<{ readonly token: TaskToken; readonly startedAt: EpochMillis } | undefined> {
    const { channel, identity, log } = this.#tools;
    const { startToCloseTimeoutMs, heartbeatTimeoutMs } = task.options;
    try {
      const token = decodeTaskToken(task.taskToken);
      const claim = await claimTask(channel, {
        token,
        identity,
        sdk: workerSdk,
        heartbeatTimeoutMs,
        startToCloseTimeoutMs,
        trace,
      });
      done(trace);
      if (claim.type === 'granted') return { token, startedAt: claim.startedAt };
      log('debug', `a task is not run: its claim was ${claim.type}`, {
        ...task.id,
        attempt: task.attempt,
        ...traceOfLine(trace),
      });
    } catch (error) {
      // Its record is not settled: another worker will claim it.
      log('warn', `a task could not be claimed: ${errorText(error)}`, { ...task.id, ...traceOfLine(trace) });
    }
    return undefined;
  }

  async #execute(run: AttemptRun, token: TaskToken, whenReported: () => void): Promise<void> {
    const key = runKeyOf(token);
    this.#runs.set(key, run);
    if (this.#isStopping) run.cancel('WORKER_SHUTDOWN');
    const { reported, returned } = await run.run();
    this.#runs.delete(key);
    void tracked(this.#reports, reported).then(whenReported);
    await returned;
  }
}

/** What a notice means to the activity. */
const reasons: Readonly<Record<CancelNotice['reason'], CancelReason>> = {
  'cancel-requested': 'CANCELLED',
  'timed-out': 'TIMED_OUT',
  'not-found': 'NOT_FOUND',
  paused: 'PAUSED',
  reset: 'RESET',
};

/** Which attempt runs. */
const runKeyOf = ({ id, scheduleOffset, attempt, stamp }: TaskToken): string =>
  `${executionKey(id)} ${String(scheduleOffset)} ${String(attempt)} ${String(stamp)}`;

/** Is in `set` until it settles. */
async function tracked<T>(set: Set<Promise<unknown>>, promise: Promise<T>): Promise<T> {
  set.add(promise);
  try {
    return await promise;
  } finally {
    set.delete(promise);
  }
}

/** Waits until nothing is left in a set, but no longer than `ms`. */
async function within(ms: number, set: ReadonlySet<Promise<unknown>>): Promise<void> {
  if (set.size === 0 || ms <= 0) return;
  const over = Promise.withResolvers<undefined>();
  const end = after(ms, () => {
    over.resolve(undefined);
  });
  const empty = async (): Promise<void> => {
    while (set.size > 0) await Promise.allSettled(set);
  };
  await Promise.race([empty(), over.promise]);
  end();
}
