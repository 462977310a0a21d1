import { partitionKey, type Command } from '@ratchet/domain';
import type { OutputRecord, PartitionContext, SentRecord } from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import { Alarm } from './alarm.ts';
import type { DeadlineBook, DueActivity } from './deadline-book.ts';
import type { ExpiryBook } from './expiry-book.ts';
import type { LogClockEstimate } from './log-clock-estimate.ts';
import type { OwnClock } from './own-clock.ts';
import { firstRepeatMs, repeatAfterMs, type AnswerTime } from './proposal-schedule.ts';
import type { WatchedActivity } from './watched-activity.ts';
import { expireCommand, timerCommand } from './timer-command.ts';

/** Activities that may wait for the effect of a proposal: enough to keep the scheduler busy from one commit to the next. */
const outstandingMax = 1_000;
/** As long as the log's clock is a guess, a few proposals are enough to learn it. */
const probesMax = 16;
/** Activities handed out in one turn of the event loop. */
const turnMax = 250;
/** Closed ones that one command removes. */
const expiredAtOnce = 1_000;

export interface ProposerParts {
  readonly context: PartitionContext;
  readonly encode: (command: Command) => Buffer;
  readonly book: DeadlineBook;
  readonly expiry: ExpiryBook;
  readonly clock: LogClockEstimate;
  readonly answerTime: AnswerTime;
  readonly own: OwnClock;
}

/**
 * Turns what is due in one partition into commands, at the instant at which the log will agree.
 *
 * It sleeps until the earliest deadline; there is one timer, whatever is pending.
 */
export class Proposer {
  readonly #parts: ProposerParts;
  readonly #alarm = new Alarm(() => {
    this.#propose();
  });
  #running = false;
  #expireRepeatAt = -Infinity;
  #expireCount = 0;

  constructor(parts: ProposerParts) {
    this.#parts = parts;
  }

  /** The books are complete. Before that, a deadline in them may be long superseded. */
  start(): void {
    this.#running = true;
    if (!this.#parts.clock.read().sure && this.#nextAt() !== Infinity) this.#probe();
    this.rearm();
  }

  stop(): void {
    this.#running = false;
    this.#alarm.stop();
  }

  /** The books or the clock have changed. */
  rearm(): void {
    if (!this.#running) return;
    const { at } = this.#parts.clock.read();
    const nextAt = this.#nextAt();
    if (nextAt !== Infinity) this.#alarm.setIn(nextAt - at);
  }

  /** Something closed was removed: the next thousand may follow at once. */
  expired(): void {
    this.#expireCount = 0;
    this.#expireRepeatAt = -Infinity;
  }

  #nextAt(): number {
    const { book, clock } = this.#parts;
    return Math.min(book.nextAt(limitOf(clock.read().sure)) ?? Infinity, this.#expireAt());
  }

  /**
   * Asks what time it is on the log, by a command that changes nothing: the wall clock of this machine, from which the
   * first guess comes, may be wrong by any length, and a partition in which nothing happens would tell nothing.
   */
  #probe(): void {
    const { context, own } = this.#parts;
    const sentAt = own();
    context.send([this.#record(null, expireCommand(0, 1))], (last) => {
      this.#sent([], sentAt, last);
    });
  }

  #propose(): void {
    const { context, book, clock, own } = this.#parts;
    const { at, sure } = clock.read();
    const sentAt = own();
    const records: OutputRecord[] = [];
    const proposed: WatchedActivity[] = [];
    for (let count = 0; count < turnMax; count++) {
      const due = book.takeDue(at, limitOf(sure));
      if (due === undefined) break;
      this.#addProposals(due, at, records);
      proposed.push(due.activity);
    }
    if (this.#expireAt() <= at) records.push(this.#expiry(at));
    if (records.length > 0) {
      context.send(records, (last) => {
        this.#sent(proposed, sentAt, last);
      });
    }
    this.rearm();
  }

  /** The broker's answer tells the log's clock, and at once what came too early. */
  #sent(proposed: readonly WatchedActivity[], sentAt: number, { appendedAt }: SentRecord): void {
    if (!this.#running || appendedAt === undefined) return;
    const { book, clock } = this.#parts;
    clock.observeAppend(appendedAt, sentAt);
    book.reconsider(proposed, appendedAt);
    this.rearm();
  }

  #addProposals({ activity, deadlines }: DueActivity, at: number, records: OutputRecord[]): void {
    const { book, answerTime, own } = this.#parts;
    const repeatMs = firstRepeatMs(answerTime.ms);
    const proposal = (activity.proposal ??= { sentAt: own(), repeatMs, count: 0 });
    proposal.count++;
    book.repeatAt(activity, at + repeatAfterMs(proposal.repeatMs, proposal.count));
    const key = partitionKey(activity.id);
    for (const deadline of deadlines) {
      const command = timerCommand(activity.id, deadline);
      if (command !== undefined) records.push({ ...this.#record(key, command), headers: activity.headers });
    }
  }

  #expireAt(): number {
    return Math.max(this.#parts.expiry.nextAt() ?? Infinity, this.#expireRepeatAt);
  }

  #expiry(at: number): OutputRecord {
    this.#expireCount++;
    this.#expireRepeatAt = at + repeatAfterMs(firstRepeatMs(this.#parts.answerTime.ms), this.#expireCount);
    return this.#record(null, expireCommand(at, expiredAtOnce));
  }

  #record(key: string | null, command: Command): OutputRecord {
    const { context, encode } = this.#parts;
    return { topic: topics.commands, partition: context.partition, key, value: encode(command) };
  }
}

const limitOf = (sure: boolean): number => (sure ? outstandingMax : probesMax);
