import { partitionKey, type CancellationRecord, type Reply } from '@ratchet/domain';
import {
  noTrace,
  traceHeaders,
  type InputRecord,
  type OutputRecord,
  type PartitionContext,
  type TraceContext,
} from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import type { NoticeBook } from './notice-book.ts';
import { isCarriedOn, isSpent, repeatAfterMs } from './notice-schedule.ts';
import { noticeKey, type NotifyWorker, type PendingNotice } from './pending-notice.ts';

/** Notices repeated in one turn, and how far turns are apart: repetitions must not bury what is new. */
const turnMax = 50;
const turnMs = 100;

export interface NotifierParts {
  readonly context: PartitionContext;
  readonly codec: {
    encodeReply(reply: Reply): Buffer;
    encodeCancellation(record: CancellationRecord): Buffer;
  };
  readonly book: NoticeBook;
  /** Told of a notice that makes room for another. */
  readonly onGivenUp: (notice: PendingNotice) => void;
  /** This process's own clock, in milliseconds of any beginning; nobody can set it. */
  readonly own: () => number;
}

/** Pushes notices to the workers concerned, and repeats them until they are settled or spent. There is one timer. */
export class Notifier {
  readonly #parts: NotifierParts;
  #timer: NodeJS.Timeout | undefined;
  #ringsAt = Infinity;
  /** How far the log's clock is ahead of our own, at least: when a record is read, its append time is over. */
  #logAheadMs = -Infinity;

  constructor(parts: NotifierParts) {
    this.#parts = parts;
  }

  /**
   * A record tells of a notice. One that is pending already is told again after a crash of whoever wrote it, or is our
   * own, carried on: only its place is new. One that was settled meanwhile is told no more.
   *
   * @returns what is to be sent at once.
   */
  take(
    record: NotifyWorker,
    { offset, timestampMs }: InputRecord,
    trace: TraceContext | undefined,
  ): readonly OutputRecord[] {
    const { book, own, onGivenUp } = this.#parts;
    this.#logAheadMs = Math.max(this.#logAheadMs, timestampMs - own());
    if (book.isSettled(record)) return [];
    const former = book.find(record);
    const isKnown = former?.record.reason === record.reason;
    const known = isKnown ? former : { sentCount: record.sentCount, repeatAt: -Infinity };
    const { sentCount, repeatAt } = known;
    const notice: PendingNotice = { key: noticeKey(record), record, offset, trace, sentCount, repeatAt };
    for (const givenUp of book.set(notice)) onGivenUp(givenUp);
    if (!isKnown) book.requeue(notice, sentCount + 1, own() + repeatAfterMs(sentCount + 1));
    this.#rearm();
    // It goes on with the trace of what the record asks for, as every effect.
    return isKnown ? [] : [this.#notice({ ...notice, trace: undefined })];
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#ringsAt = Infinity;
  }

  #rearm(afterMs = 0): void {
    const next = this.#parts.book.next();
    if (next === undefined) return;
    const now = this.#parts.own();
    const at = Math.max(next.repeatAt, now + afterMs);
    if (at >= this.#ringsAt) return;
    clearTimeout(this.#timer);
    this.#ringsAt = at;
    this.#timer = setTimeout(
      () => {
        this.#ringsAt = Infinity;
        this.#repeat();
      },
      Math.ceil(at - now),
    );
  }

  #repeat(): void {
    const { book, own, context } = this.#parts;
    const now = own();
    const records: OutputRecord[] = [];
    for (let count = 0; count < turnMax; count++) {
      const notice = book.next();
      if (notice === undefined || notice.repeatAt > now) break;
      if (isSpent(notice, now + this.#logAheadMs)) book.delete(notice);
      else this.#addCopy(notice, now, records);
    }
    if (records.length > 0) context.send(records);
    this.#rearm(turnMs);
  }

  #addCopy(notice: PendingNotice, now: number, records: OutputRecord[]): void {
    const sentCount = notice.sentCount + 1;
    this.#parts.book.requeue(notice, sentCount, now + repeatAfterMs(sentCount));
    records.push(this.#notice(notice));
    if (isCarriedOn(notice)) records.push(this.#carriedOn(notice));
  }

  #notice({ record, trace }: PendingNotice): OutputRecord {
    const { id, scheduleOffset, attempt, stamp, reason, workerAddress } = record;
    const { address, partition } = workerAddress;
    const body = { type: 'CancelNotice', id, scheduleOffset, attempt, stamp, reason } as const;
    const value = this.#parts.codec.encodeReply({ address, requestId: '', offset: scheduleOffset, body });
    return {
      topic: topics.replies,
      key: address,
      partition,
      value,
      headers: traceHeaders(trace ?? noTrace),
      about: record,
    };
  }

  #carriedOn({ record, sentCount, trace }: PendingNotice): OutputRecord {
    const { context, codec } = this.#parts;
    const value = codec.encodeCancellation({ ...record, sentCount });
    const headers = traceHeaders(trace ?? noTrace);
    return { topic: topics.cancellations, key: partitionKey(record.id), partition: context.partition, value, headers };
  }
}
