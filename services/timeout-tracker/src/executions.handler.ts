import {
  deadlines,
  heartbeatKey,
  isClosed,
  runDeadlines,
  type Activity,
  type ActivityHeartbeat,
  type Millis,
  type StateRecord,
  type WorkflowRun,
} from '@ratchet/domain';
import { readTrace, type Headers } from '@ratchet/kafka';
import type { DeadlineBook, Watch } from './deadline-book.ts';
import type { LogClockEstimate } from './log-clock-estimate.ts';

export interface ExecutionsHandlerParts {
  readonly book: DeadlineBook;
  readonly clock: LogClockEstimate;
  readonly taskRetentionMs: Millis;
  /** When the retention of something closed ends first; `undefined` when nothing is closed. */
  readonly expiresFirst: (at: number | undefined) => void;
  /** What stands before this offset of `commands` was decided, and all its effects were shown. */
  readonly decided: (before: number) => void;
}

/** Keeps the book as `executions` has it. */
export class ExecutionsHandler {
  readonly #parts: ExecutionsHandlerParts;

  constructor(parts: ExecutionsHandlerParts) {
    this.#parts = parts;
  }

  /** @param writtenAt when the broker wrote it, if it is read as it is written and so tells what time it is. */
  handle(key: string, record: StateRecord, headers: Headers, writtenAt: number | undefined): void {
    switch (record.type) {
      case 'ActivitySnapshot':
        return this.#activity(key, record.activity, headers);
      case 'ActivityHeartbeat':
        return this.#heartbeat(key, record);
      case 'RunSnapshot':
        return this.#run(key, record.run, headers);
      case 'Progress':
        // A progress may wait a second to be written; the broker's own time is fresher then.
        if (writtenAt !== undefined) this.#parts.clock.observeNow(Math.max(record.now, writtenAt));
        this.#parts.decided(record.commands);
        this.#parts.expiresFirst(record.expiresFirstAt);
        return;
      case 'ActivityInput':
      case 'SignalSnapshot':
    }
  }

  tombstone(key: string): void {
    const { book } = this.#parts;
    book.delete(key);
    book.deleteHeartbeat(key);
  }

  #activity(key: string, activity: Activity, headers: Headers): void {
    const { taskRetentionMs } = this.#parts;
    // Closed under former rules: its heartbeat stays among the open ones, too.
    if (isClosed(activity)) {
      this.tombstone(heartbeatKey(key));
      return this.tombstone(key);
    }
    const { id, options } = activity;
    const { heartbeatTimeoutMs } = options;
    const pending = deadlines(activity, taskRetentionMs);
    this.#watch({ key, id, deadlines: pending, heartbeatTimeoutMs, trace: readTrace(headers) });
  }

  #run(key: string, run: WorkflowRun, headers: Headers): void {
    const id = { ...run.id, activityId: '' };
    const pending = runDeadlines(run);
    this.#watch({ key, id, deadlines: pending, heartbeatTimeoutMs: 0, trace: readTrace(headers) });
  }

  #watch(watch: Watch): void {
    const { book } = this.#parts;
    if (watch.deadlines.length === 0) book.delete(watch.key);
    else book.set(watch);
  }

  /** That of a closed activity is kept to be shown. */
  #heartbeat(key: string, { recordedAt, stamp }: ActivityHeartbeat): void {
    const { book } = this.#parts;
    if (stamp === 0) book.deleteHeartbeat(key);
    else book.setHeartbeat(key, recordedAt);
  }
}
