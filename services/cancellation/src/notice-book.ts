import { invariant, type AttemptPlace } from '@ratchet/domain';
import { noticeKey, type PendingNotice } from './pending-notice.ts';

/** From this count on the wait no longer grows. */
const lastLine = 16;

/**
 * The notices of one partition that are not settled.
 *
 * Notices that were sent equally often wait equally long, so each count has a line of its own, in the order of time:
 * nothing is ever sorted or scanned.
 */
export class NoticeBook {
  /** In the order of the offsets of the records that told of them. */
  readonly #pending = new Map<string, PendingNotice>();
  readonly #lines: readonly Set<PendingNotice>[] = Array.from({ length: lastLine + 1 }, () => new Set<PendingNotice>());

  get size(): number {
    return this.#pending.size;
  }

  find(place: AttemptPlace): PendingNotice | undefined {
    return this.#pending.get(noticeKey(place));
  }

  /** Replaces what was said of the attempt before. */
  set(notice: PendingNotice): void {
    this.delete(notice);
    this.#pending.set(notice.key, notice);
    this.#line(notice.sentCount).add(notice);
  }

  /** Its turn comes again, behind all that were sent as often. */
  requeue(notice: PendingNotice, sentCount: number, repeatAt: number): void {
    this.#line(notice.sentCount).delete(notice);
    notice.sentCount = sentCount;
    notice.repeatAt = repeatAt;
    this.#line(sentCount).add(notice);
  }

  delete({ key }: { readonly key: string }): void {
    const notice = this.#pending.get(key);
    if (notice === undefined) return;
    this.#pending.delete(key);
    this.#line(notice.sentCount).delete(notice);
  }

  /** Whose turn is next. */
  next(): PendingNotice | undefined {
    let next: PendingNotice | undefined;
    for (const line of this.#lines) {
      const [first] = line;
      if (first !== undefined && first.repeatAt < (next?.repeatAt ?? Infinity)) next = first;
    }
    return next;
  }

  /** The first record of `cancellations` that something pending was read from. */
  oldestOffset(): number {
    const [oldest] = this.#pending.values();
    return oldest?.offset ?? Infinity;
  }

  clear(): void {
    this.#pending.clear();
    for (const line of this.#lines) line.clear();
  }

  #line(sentCount: number): Set<PendingNotice> {
    const line = this.#lines[Math.min(sentCount, lastLine)];
    invariant(line !== undefined, `no line for ${String(sentCount)} copies`);
    return line;
  }
}
