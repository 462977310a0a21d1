import { invariant, type AttemptPlace, type DecidedNotice, type Offset } from '@ratchet/domain';
import { LinkedQueue, type QueueNode } from './linked-queue.ts';
import { noticeKey, type PendingNotice } from './pending-notice.ts';

/** From this count on the wait no longer grows. */
const lastLine = 16;

/** Notices of one partition that may be pending, and the bytes they take together; beyond, the oldest is given up. */
export const pendingMax = 100_000;
export const pendingBytesMax = 64 * 1024 * 1024;

/** Attempts of which it is remembered what was settled: a copy of a notice comes seconds after it, not hours. */
const settledMax = 10_000;

interface Entry {
  readonly notice: PendingNotice;
  readonly byOffset: QueueNode<PendingNotice>;
  line: QueueNode<PendingNotice>;
}

interface Settled {
  readonly key: string;
  readonly by: Offset;
}

/**
 * The notices of one partition that are not settled.
 *
 * Notices that were sent equally often wait equally long, so each count has a line of its own, in the order of time:
 * nothing is ever sorted or scanned.
 */
export class NoticeBook {
  readonly #pending = new Map<string, Entry>();
  /** In the order of the offsets of the records that told of them. */
  readonly #byOffset = new LinkedQueue<PendingNotice>();
  readonly #lines = Array.from({ length: lastLine + 1 }, () => new LinkedQueue<PendingNotice>());
  /** By attempt: which command has settled it. */
  readonly #settled = new Map<string, QueueNode<Settled>>();
  readonly #settledQueue = new LinkedQueue<Settled>();
  #bytes = 0;

  get size(): number {
    return this.#pending.size;
  }

  find(place: AttemptPlace): PendingNotice | undefined {
    return this.#pending.get(noticeKey(place))?.notice;
  }

  /** Replaces what was said of the attempt before. @returns what had to be given up to make room. */
  set(notice: PendingNotice): readonly PendingNotice[] {
    this.delete(notice);
    const givenUp: PendingNotice[] = [];
    this.#bytes += bytesOf(notice);
    while (this.#pending.size >= pendingMax || this.#bytes > pendingBytesMax) {
      const oldest = this.#byOffset.first;
      if (oldest === undefined) break;
      givenUp.push(oldest);
      this.delete(oldest);
    }
    const line = this.#line(notice.sentCount).push(notice);
    this.#pending.set(notice.key, { notice, byOffset: this.#byOffset.push(notice), line });
    return givenUp;
  }

  /** Its turn comes again, behind all that were sent as often. */
  requeue(notice: PendingNotice, sentCount: number, repeatAt: number): void {
    const entry = this.#pending.get(notice.key);
    invariant(entry?.notice === notice, `a turn for a notice of ${notice.key} that is not pending`);
    this.#line(notice.sentCount).remove(entry.line);
    notice.sentCount = sentCount;
    notice.repeatAt = repeatAt;
    entry.line = this.#line(sentCount).push(notice);
  }

  delete({ key }: { readonly key: string }): void {
    const entry = this.#pending.get(key);
    if (entry === undefined) return;
    this.#pending.delete(key);
    this.#bytes -= bytesOf(entry.notice);
    this.#byOffset.remove(entry.byOffset);
    this.#line(entry.notice.sentCount).remove(entry.line);
  }

  /** The attempt has learned of it, or is over: what was decided before that is told no more, however late it comes. */
  settle(settled: DecidedNotice): void {
    const key = noticeKey(settled);
    const { decidedOffset: by } = settled;
    const pending = this.#pending.get(key)?.notice;
    if (pending !== undefined && (by < 0 || pending.record.decidedOffset <= by)) this.delete(pending);
    if (by >= 0) this.#rememberSettled(key, by);
  }

  /** Whether a notice was settled by a later command than the one that decided it: it is a late copy. */
  isSettled(notice: DecidedNotice): boolean {
    const settled = this.#settled.get(noticeKey(notice))?.value;
    return settled !== undefined && notice.decidedOffset >= 0 && notice.decidedOffset <= settled.by;
  }

  /** Whose turn is next. */
  next(): PendingNotice | undefined {
    let next: PendingNotice | undefined;
    for (const { first } of this.#lines) {
      if (first !== undefined && first.repeatAt < (next?.repeatAt ?? Infinity)) next = first;
    }
    return next;
  }

  /** The first record of `cancellations` that something pending was read from. */
  oldestOffset(): number {
    return this.#byOffset.first?.offset ?? Infinity;
  }

  clear(): void {
    this.#pending.clear();
    this.#bytes = 0;
    this.#settled.clear();
    for (const queue of [this.#byOffset, this.#settledQueue, ...this.#lines]) queue.clear();
  }

  #rememberSettled(key: string, by: Offset): void {
    const known = this.#settled.get(key);
    if (known !== undefined) this.#settledQueue.remove(known);
    this.#settled.set(key, this.#settledQueue.push({ key, by: Math.max(by, known?.value.by ?? -1) }));
    const oldest = this.#settled.size > settledMax ? this.#settledQueue.first : undefined;
    const node = oldest && this.#settled.get(oldest.key);
    if (node === undefined) return;
    this.#settledQueue.remove(node);
    this.#settled.delete(node.value.key);
  }

  #line(sentCount: number): LinkedQueue<PendingNotice> {
    const line = this.#lines[Math.min(sentCount, lastLine)];
    invariant(line !== undefined, `no line for ${String(sentCount)} copies`);
    return line;
  }
}

/** Roughly: the ids stand in the record and in the key, and there are objects around them. */
const bytesOf = ({ key, record, trace = {} }: PendingNotice): number =>
  2 * key.length + record.workerAddress.address.length + Object.values(trace).join('').length + 500;
