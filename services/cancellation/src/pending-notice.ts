import { executionKey, type AttemptPlace, type CancellationRecord } from '@ratchet/domain';
import type { TraceContext } from '@ratchet/kafka';

export type NotifyWorker = Extract<CancellationRecord, { readonly type: 'NotifyWorker' }>;

/** A notice whose attempt has not been seen to know of it, or to be over. */
export interface PendingNotice {
  readonly key: string;
  readonly record: NotifyWorker;
  /** Of the record that told of it, in `cancellations`. */
  readonly offset: number;
  readonly trace: TraceContext | undefined;
  sentCount: number;
  /** On this process's own clock, in milliseconds. */
  repeatAt: number;
}

/** The same for the same attempt, whatever is said of it. */
export const noticeKey = ({ id, scheduleOffset, attempt, stamp }: AttemptPlace): string =>
  `${executionKey(id)}/${String(scheduleOffset)}/${String(attempt)}/${String(stamp)}`;
