import { partitionKey, type Command } from '@ratchet/domain';
import {
  traceHeaders,
  type OutputRecord,
  type PartitionContext,
  type SentRecord,
  type TraceContext,
} from '@ratchet/kafka';
import { topics } from '@ratchet/schemas';
import { Alarm } from './alarm.ts';
import type { DeadlineBook, DueActivity } from './deadline-book.ts';
import type { LogClockEstimate } from './log-clock-estimate.ts';
import type { OwnClock } from './own-clock.ts';
import { repeatMsAfterDecision, repeatMsAfterSilence } from './proposal-schedule.ts';
import type { Proposal, WatchedActivity } from './watched-activity.ts';
import { expireCommand, timerCommand } from './timer-command.ts';
import { TimerQueue } from './timer-queue.ts';

/** Activities that may wait for the effect of a proposal: enough to keep the scheduler busy from one commit to the next. */
const outstandingMax = 1_000;
/** As long as the log's clock is a guess, a few proposals are enough to learn it. */
const probesMax = 16;
/** Activities handed out in one turn of the event loop. */
const turnMax = 250;
const secondMs = 1_000;
/** Closed ones that one command removes. */
const expiredAtOnce = 1_000;

export interface ProposerParts {
  readonly context: PartitionContext;
  readonly encode: (command: Command) => Buffer;
  readonly book: DeadlineBook;
  readonly clock: LogClockEstimate;
  readonly own: OwnClock;
}

/**
 * Turns what is due in one partition into commands, at the instant at which the log will agree.
 *
 * It sleeps until the earliest deadline; there is one timer, whatever is pending. A proposal stands in the log, however
 * long nobody decides, so it is made again only for a reason: the broker's answer shows that it came too early, the log
 * has decided it and nothing came of it, or nothing at all is heard for very long. Such repetitions grow apart.
 */
export class Proposer {
  readonly #parts: ProposerParts;
  readonly #alarm = new Alarm(() => {
    this.#propose();
  });
  #running = false;
  /** By where it stands in the log: what the broker has and the scheduler is not known to have decided. */
  readonly #undecided = new TimerQueue<Proposal>();
  #expiresFirstAt: number | undefined;
  #expireRepeatAt = -Infinity;
  #expiry: Proposal = { count: 0 };

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

  /** The first of what is closed is another one: it was removed, and the next thousand may follow at once. */
  expiresFirst(at: number | undefined): void {
    if (at === this.#expiresFirstAt) return;
    this.#expiresFirstAt = at;
    this.#undecided.delete(this.#expiry);
    this.#expiry = { count: 0 };
    this.#expireRepeatAt = -Infinity;
  }

  /** What stands before this offset of `commands` was decided. What it was to end and has not is proposed again. */
  decided(before: number): void {
    const { at } = this.#parts.clock.read();
    for (;;) {
      const proposal = this.#undecided.takeDue(before - 1);
      if (proposal === undefined) return;
      this.#repeatAt(proposal, at + repeatMsAfterDecision(proposal.count));
    }
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
    const proposed: Proposal[] = [];
    for (let count = 0; count < turnMax; count++) {
      const due = book.takeDue(at, limitOf(sure));
      if (due === undefined) break;
      proposed.push(this.#addProposals(due, at, records));
    }
    if (this.#expireAt() <= at) proposed.push(this.#addExpiry(at, records));
    if (records.length > 0) {
      context.send(records, (last) => {
        this.#sent(proposed, sentAt, last);
      });
    }
    this.rearm();
  }

  /** The broker's answer tells the log's clock, and at once what came too early. */
  #sent(proposed: readonly Proposal[], sentAt: number, { appendedAt, offset }: SentRecord): void {
    if (!this.#running) return;
    for (const proposal of proposed) if (this.#isOpen(proposal)) this.#undecided.set(proposal, offset);
    if (appendedAt === undefined) return;
    const { book, clock } = this.#parts;
    clock.observeAppend(appendedAt, sentAt);
    book.reconsider(activitiesOf(proposed), appendedAt);
    this.rearm();
  }

  /** Whether it is still waited for: a snapshot may have come meanwhile. */
  #isOpen(proposal: Proposal): boolean {
    const { activity } = proposal;
    return activity === undefined ? proposal === this.#expiry : activity.proposal === proposal;
  }

  #repeatAt(proposal: Proposal, at: number): void {
    if (!this.#isOpen(proposal)) return;
    if (proposal.activity === undefined) this.#expireRepeatAt = at;
    else this.#parts.book.repeatAt(proposal.activity, at);
  }

  #addProposals({ activity, deadlines, nextAt }: DueActivity, at: number, records: OutputRecord[]): Proposal {
    const proposal = this.#proposedAgain((activity.proposal ??= { activity, count: 0 }));
    this.#repeatAt(proposal, Math.min(nextAt, at + repeatMsAfterSilence(proposal.count)));
    const key = partitionKey(activity.id);
    for (const deadline of deadlines) {
      const command = timerCommand(activity.id, deadline);
      if (command !== undefined) records.push(inTrace(this.#record(key, command), activity.trace));
    }
    return proposal;
  }

  #proposedAgain(proposal: Proposal): Proposal {
    proposal.count++;
    this.#undecided.delete(proposal);
    return proposal;
  }

  #expireAt(): number {
    const at = this.#expiresFirstAt;
    if (at === undefined) return Infinity;
    // What ends within one second goes with one command.
    return Math.max(Math.ceil(at / secondMs) * secondMs, this.#expireRepeatAt);
  }

  #addExpiry(at: number, records: OutputRecord[]): Proposal {
    const proposal = this.#proposedAgain(this.#expiry);
    this.#repeatAt(proposal, at + repeatMsAfterSilence(proposal.count));
    records.push(this.#record(null, expireCommand(at, expiredAtOnce)));
    return proposal;
  }

  #record(key: string | null, command: Command): OutputRecord {
    const { context, encode } = this.#parts;
    return { topic: topics.commands, partition: context.partition, key, value: encode(command), about: command };
  }
}

const inTrace = (record: OutputRecord, trace: TraceContext | undefined): OutputRecord =>
  trace === undefined ? record : { ...record, headers: traceHeaders(trace) };

const activitiesOf = (proposed: readonly Proposal[]): WatchedActivity[] =>
  proposed.flatMap(({ activity }) => activity ?? []);

const limitOf = (sure: boolean): number => (sure ? outstandingMax : probesMax);
