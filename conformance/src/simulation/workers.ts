import { executionKey, taskTopic, type ActivityTask, type Command, type Failure } from '@ratchet/domain';
import { attemptOf, claimTask, decodeTaskToken, type TaskToken } from '@ratchet/protocol';
import type { InputRecord } from '@ratchet/kafka';
import type { Note } from '@ratchet/tools-drill/oracle';
import { deliverAll } from './deliveries.ts';
import { payloadOf } from './kinds.ts';
import { Party, patience, type PartyParts } from './party.ts';

export interface WorkerParts extends PartyParts {
  readonly note: (who: string, note: Note) => void;
  /** Whoever completes from outside what a worker has left to them. */
  readonly completeLater: (task: ActivityTask) => void;
}

/** An attempt that a worker was granted. */
export interface Attempt {
  readonly id: string;
  readonly task: ActivityTask;
  readonly token: TaskToken;
  /** Whether somebody wants it to stop. */
  isToStop: boolean;
  /** Nothing that it says has an effect any more. */
  isOver: boolean;
  /** Its end was reported. */
  isReported: boolean;
}

type Report = Extract<Command, { readonly type: 'Complete' | 'Fail' | 'ReportCanceled' | 'RecordHeartbeat' }>;
type ReportBody<T extends Report = Report> = T extends Report
  ? Omit<T, 'requestId' | 'identity' | 'target' | 'attempt'>
  : never;

/** Runs what it is granted, tells how it ends, and may die or sleep at any moment. */
export class Worker {
  readonly party: Party;
  readonly #parts: WorkerParts;
  readonly #running = new Set<Attempt>();
  /** Of attempts that are over, whoever has ended them. */
  readonly #formerAttempts: Attempt[] = [];
  #requestCount = 0;

  constructor(name: string, parts: WorkerParts) {
    this.#parts = parts;
    this.party = new Party(name, parts);
    this.#listen();
  }

  crash(): void {
    this.party.crash();
    this.#running.clear();
  }

  restart(): void {
    this.party.restart();
    this.#listen();
  }

  /** @param done told once the log has answered the claim: the task is nobody's any more. */
  async take({ value }: InputRecord, done: () => void): Promise<void> {
    const task = this.#parts.codec.decodeTask(value ?? Buffer.alloc(0)) as ActivityTask;
    const token = decodeTaskToken(task.taskToken);
    const { heartbeatTimeoutMs, startToCloseTimeoutMs } = task.options;
    const { name: identity } = this.party.process;
    const limits = { heartbeatTimeoutMs, startToCloseTimeoutMs };
    const claim = await claimTask(this.party.channel, { token, identity, ...limits, trace: undefined });
    done();
    if (claim.type === 'granted') await this.#run(task, token);
  }

  async #run(task: ActivityTask, token: TaskToken): Promise<void> {
    const id = executionKey(task.id);
    const attempt: Attempt = { id, task, token, isToStop: false, isOver: false, isReported: false };
    const given = task.heartbeatDetails[0]?.data;
    const beat = given === undefined ? {} : { beat: Number(Buffer.from(given).toString()) };
    this.#note({ id, note: 'ran', attempt: token.attempt, stamp: token.stamp, ...beat });
    this.#running.add(attempt);
    await (behaviours[task.activityType] ?? behaviours['quick'])?.(this, attempt);
    this.#running.delete(attempt);
    if (attempt.isReported) this.#formerAttempts.push(attempt);
    await this.#saySomethingStale();
  }

  // --- what an activity may do ---

  work(lowMs: number, highMs: number): Promise<void> {
    return this.party.sleep(this.#parts.world.between(lowMs, highMs));
  }

  async complete(attempt: Attempt, value: string): Promise<void> {
    const answer = await this.#report(attempt, {
      type: 'Complete',
      result: payloadOf(value),
      reportId: this.#nextId(),
    });
    this.#noteReport(attempt, 'complete', answer, JSON.stringify(value));
  }

  async fail(attempt: Attempt, message: string, nonRetryable = false): Promise<void> {
    const failure: Failure = {
      message,
      source: 'simulation',
      stackTrace: '',
      info: { type: 'application', errorType: 'Error', nonRetryable, details: [] },
    };
    const answer = await this.#report(attempt, { type: 'Fail', failure, reportId: this.#nextId() });
    this.#noteReport(attempt, 'fail', answer);
  }

  async reportCanceled(attempt: Attempt): Promise<void> {
    await this.#report(attempt, { type: 'ReportCanceled', details: [], reportId: this.#nextId() });
  }

  completeLater(attempt: Attempt): void {
    this.#parts.completeLater(attempt.task);
  }

  /** One heartbeat; its beat is greater than all before it. */
  async heartbeat(attempt: Attempt): Promise<void> {
    const { id, token } = attempt;
    const beat = beatOf(this.#parts.world.now, this.#requestCount);
    this.#note({ id, note: 'beating', attempt: token.attempt, beat });
    const body = await this.#report(attempt, { type: 'RecordHeartbeat', details: payloadOf(beat) });
    if (body === undefined) return;
    if (body.type === 'Refused') {
      attempt.isOver = true;
      return;
    }
    this.#note({ id, note: 'beat', attempt: token.attempt, beat });
    if (body.answer.type === 'HeartbeatRecorded' && body.answer.cancelRequested) attempt.isToStop = true;
  }

  // --- the rest ---

  #listen(): void {
    this.party.channel.onCancelNotice(({ id, scheduleOffset, attempt, stamp, reason }) => {
      for (const running of this.#running) {
        const { token } = running;
        const isMeant = token.scheduleOffset === scheduleOffset && token.attempt === attempt && token.stamp === stamp;
        if (!isMeant || running.id !== executionKey(id)) continue;
        if (reason === 'cancel-requested') running.isToStop = true;
        else if (reason === 'timed-out' || reason === 'not-found') running.isOver = true;
      }
    });
  }

  /** @returns `undefined` when nobody has answered. */
  async #report(attempt: Attempt, body: ReportBody) {
    const { task, token } = attempt;
    const { process, channel } = this.party;
    const requestId = this.#nextId();
    const sender = { requestId, identity: process.name, target: task.id, attempt: attemptOf(token) };
    attempt.isReported ||= body.type !== 'RecordHeartbeat';
    // The union of the reports is lost when one is spread.
    const command = { ...body, ...sender } as Parameters<typeof channel.request>[0];
    try {
      return (await channel.request(command, body.type === 'RecordHeartbeat' ? { timeoutMs: 1_000 } : patience)).body;
    } catch {
      return undefined;
    }
  }

  /** What it has said of an attempt before must count no more. */
  async #saySomethingStale(): Promise<void> {
    const { world } = this.#parts;
    const former = this.#formerAttempts.at(-1);
    if (former === undefined || !world.happens('stale-token', 8)) return;
    await this.work(0, 3_000);
    await this.#report(former, { type: 'Complete', result: payloadOf('stale'), reportId: this.#nextId() });
  }

  #nextId(): string {
    return `${this.party.process.name}-${String(this.#requestCount++)}`;
  }

  #note(note: Note): void {
    this.#parts.note(this.party.process.name, note);
  }

  #noteReport({ id, token }: Attempt, report: 'complete' | 'fail', body: Body | undefined, value?: string): void {
    if (body === undefined) return;
    const answer = body.type === 'Accepted' ? 'acknowledged' : 'refused';
    const { attempt, stamp } = token;
    this.#note({ id, note: 'reported', attempt, stamp, report, answer, ...(value === undefined ? {} : { value }) });
  }
}

type Body = Awaited<ReturnType<Party['channel']['request']>>['body'];

/** Grows with time, and from one heartbeat of a worker to its next. */
const beatOf = (now: number, count: number): number => Math.floor(now) * 1_000 + (count % 1_000);

/** What activities do, by type. */
const behaviours: Readonly<Record<string, (worker: Worker, attempt: Attempt) => Promise<void>>> = {
  quick: async (worker, attempt) => {
    await worker.work(1, 60);
    await worker.complete(attempt, 'quick');
  },
  flaky: async (worker, attempt) => {
    await worker.work(1, 200);
    if (attempt.token.attempt < 3) await worker.fail(attempt, 'flaky on purpose');
    else await worker.complete(attempt, 'flaky');
  },
  fatal: async (worker, attempt) => {
    await worker.fail(attempt, 'fatal on purpose', true);
  },
  failing: async (worker, attempt) => {
    await worker.work(1, 100);
    await worker.fail(attempt, 'fails on purpose');
  },
  beating: async (worker, attempt) => {
    for (let beats = 0; beats < 3 && !attempt.isOver; beats++) {
      await worker.heartbeat(attempt);
      await worker.work(10, 200);
    }
    if (attempt.token.attempt < 3) await worker.fail(attempt, 'fails after its heartbeats');
    else await worker.complete(attempt, 'beating');
  },
  silent: async (worker, attempt) => {
    if (attempt.token.attempt === 1) return;
    for (let beats = 0; beats < 4 && !attempt.isOver; beats++) {
      await worker.heartbeat(attempt);
      await worker.work(50, 250);
    }
    await worker.complete(attempt, 'silent');
  },
  slow: async (worker, attempt) => {
    const isFirst = attempt.token.attempt === 1;
    if (isFirst) await worker.work(1_000, 2_500);
    else await worker.work(1, 100);
    await worker.complete(attempt, isFirst ? 'slow too late' : 'slow in time');
  },
  untilTold: async (worker, attempt) => {
    while (!attempt.isToStop && !attempt.isOver) {
      await worker.work(100, 600);
      await worker.heartbeat(attempt);
    }
    if (attempt.isToStop) await worker.reportCanceled(attempt);
  },
  stubborn: async (worker, attempt) => {
    await worker.work(500, 1_500);
    await worker.complete(attempt, 'stubborn');
  },
  leftOpen: () => Promise.resolve(),
  later: (worker, attempt) => {
    worker.completeLater(attempt);
    return Promise.resolve();
  },
};

/** The tasks of one queue on their way to the workers: whoever has claimed one has it, whatever the log has answered. */
export function readTasks(
  taskQueue: string,
  workers: readonly Worker[],
  { world, log, partitionsOf }: PartyParts,
): void {
  const topic = taskTopic('default', taskQueue);
  const partitions = Array.from({ length: partitionsOf(topic) }, (_, partition) => log.of(topic, partition));
  deliverAll(partitions, workers, { world, log, redeliveryMs: 800, repeatedOneIn: 12 });
}
