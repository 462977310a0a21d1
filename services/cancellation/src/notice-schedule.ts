import type { NotifyWorker, PendingNotice } from './pending-notice.ts';

const firstRepeatMs = 100;
const repeatMsMax = 60_000;

/**
 * How long after the `sentCount`th copy the next one follows: 100 ms, 200 ms, ... 1 min. The replies topic keeps what
 * was sent, so a repetition only helps a worker that had not been told of its grant yet.
 */
export const repeatAfterMs = (sentCount: number): number =>
  Math.min(repeatMsMax, firstRepeatMs * 2 ** Math.max(0, sentCount - 1));

/** Copies of a notice of an attempt that is over anyway: nothing that its worker still does has an effect. */
const copiesOfOver = 4;

/** Copies of any other: about eleven minutes. A worker that hears none of them by then learns of it by its heartbeat. */
const copiesMax = 20;

/**
 * The copy from which on a notice is written to `cancellations` anew, so that a restart need not read on from where it
 * was first told of: about half a minute after that.
 */
const carryFrom = 9;

export const isCarriedOn = ({ sentCount, record }: PendingNotice): boolean =>
  sentCount >= carryFrom && !isOfOver(record);

/** Nobody waits for the notice any more. @param now what the log's clock shows at least, in epoch milliseconds. */
export const isSpent = ({ sentCount, record }: PendingNotice, now: number): boolean =>
  sentCount >= (isOfOver(record) ? copiesOfOver : copiesMax) || now > record.overAt + graceMs;

/** The clocks of brokers differ: `overAt` is on that of the one that leads the commands. */
const graceMs = 60_000;

const isOfOver = ({ reason }: NotifyWorker): boolean => reason === 'timed-out' || reason === 'not-found';
