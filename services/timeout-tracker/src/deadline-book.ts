import { heartbeatKey, type Deadline } from '@ratchet/domain';
import { TimerQueue, type CompareTimers } from './timer-queue.ts';
import { dueAt, firstDueAt, type WatchedActivity } from './watched-activity.ts';

/** What a snapshot says of an activity that is due for something. */
export type Watch = Omit<WatchedActivity, 'proposal'>;

/** Something that is due now. */
export interface DueActivity {
  readonly activity: WatchedActivity;
  /** In the order in which they became due. */
  readonly deadlines: readonly Deadline[];
  /** When the next of its deadlines becomes due; infinity: there is none. */
  readonly nextAt: number;
}

/**
 * The pending deadlines of one partition.
 *
 * An activity has one place in the queue, at its first deadline, however many it has. A heartbeat only notes its
 * instant; the place is moved when its time comes and it turns out that nothing is due yet. What is due stays due,
 * and is handed out again whenever there is reason to, until a snapshot or a tombstone says otherwise: a proposal that
 * was refused or lost is never the last.
 *
 * At most `outstandingMax` activities wait for the effect of a proposal at a time; the others stand in line by their
 * deadline, so that a hundred thousand that are due at once do not bury the log under repetitions.
 */
export class DeadlineBook {
  readonly #activities = new Map<string, WatchedActivity>();
  /** Last heartbeats, by their own key: they may come before the snapshot of the activity they belong to. */
  readonly #heartbeats = new Map<string, number>();
  readonly #queue: TimerQueue<WatchedActivity>;
  readonly #outstanding = new Set<WatchedActivity>();
  readonly #inLine: TimerQueue<WatchedActivity>;

  constructor(compare?: CompareTimers) {
    this.#queue = new TimerQueue(compare);
    this.#inLine = new TimerQueue(compare);
  }

  /** Activities with a deadline. */
  get size(): number {
    return this.#activities.size;
  }

  /** Activities that wait for the effect of a proposal. */
  get outstandingCount(): number {
    return this.#outstanding.size;
  }

  /** A new snapshot: what was proposed for the former is superseded. */
  set(watch: Watch): void {
    this.delete(watch.key);
    const activity: WatchedActivity = { ...watch, proposal: undefined };
    this.#activities.set(watch.key, activity);
    this.#queue.set(activity, this.#firstDueAt(activity));
  }

  /** The activity has no deadline any more. */
  delete(key: string): void {
    const former = this.#activities.get(key);
    if (former === undefined) return;
    this.#activities.delete(key);
    this.#queue.delete(former);
    this.#outstanding.delete(former);
    this.#inLine.delete(former);
  }

  /** @param key of the heartbeat's own record. */
  setHeartbeat(key: string, recordedAt: number): void {
    this.#heartbeats.set(key, recordedAt);
  }

  deleteHeartbeat(key: string): void {
    this.#heartbeats.delete(key);
  }

  /** When `takeDue` may next have something; `undefined` when there is nothing to wait for. */
  nextAt(outstandingMax: number): number | undefined {
    return this.#inLine.size > 0 && this.#outstanding.size < outstandingMax ? -Infinity : this.#queue.nextAt();
  }

  /**
   * The next activity with something due at `now`. It counts as outstanding from here on, and whoever takes it says by
   * `repeatAt` when it is to be handed out again.
   */
  takeDue(now: number, outstandingMax: number): DueActivity | undefined {
    for (;;) {
      const activity = this.#takeFromLine(outstandingMax) ?? this.#queue.takeDue(now);
      if (activity === undefined) return undefined;
      const firstAt = this.#firstDueAt(activity);
      if (firstAt > now) this.#notYet(activity, firstAt);
      else if (!this.#outstanding.has(activity) && this.#outstanding.size >= outstandingMax)
        this.#inLine.set(activity, firstAt);
      else return this.#handOut(activity, now);
    }
  }

  /** When it is handed out again. One that is not outstanding any more is left alone. */
  repeatAt(activity: WatchedActivity, at: number): void {
    if (this.#outstanding.has(activity)) this.#queue.set(activity, at);
  }

  /** What was proposed for these had the append time `at`: what was not due then waits for its time again. */
  reconsider(proposed: Iterable<WatchedActivity>, at: number): void {
    for (const activity of proposed) {
      const firstAt = this.#firstDueAt(activity);
      if (this.#outstanding.has(activity) && firstAt > at) this.#notYet(activity, firstAt);
    }
  }

  clear(): void {
    for (const kept of [this.#activities, this.#heartbeats, this.#queue, this.#outstanding, this.#inLine]) kept.clear();
  }

  #takeFromLine(outstandingMax: number): WatchedActivity | undefined {
    return this.#outstanding.size < outstandingMax ? this.#inLine.takeDue(Infinity) : undefined;
  }

  /** A heartbeat came, or the log's clock is not as far as we had thought: whatever was proposed was too early. */
  #notYet(activity: WatchedActivity, firstAt: number): void {
    activity.proposal = undefined;
    this.#outstanding.delete(activity);
    this.#queue.set(activity, firstAt);
  }

  #handOut(activity: WatchedActivity, now: number): DueActivity {
    this.#outstanding.add(activity);
    const recordedAt = this.#recordedAt(activity);
    const isDue = (deadline: Deadline): boolean => dueAt(activity, deadline, recordedAt) <= now;
    const deadlines = activity.deadlines.filter(isDue).toSorted((one, other) => one.at - other.at);
    const later = activity.deadlines.filter((deadline) => !isDue(deadline));
    const nextAt = Math.min(...later.map((deadline) => dueAt(activity, deadline, recordedAt)));
    return { activity, deadlines, nextAt };
  }

  #firstDueAt(activity: WatchedActivity): number {
    return firstDueAt(activity, this.#recordedAt(activity));
  }

  #recordedAt({ key, heartbeatTimeoutMs }: WatchedActivity): number {
    return heartbeatTimeoutMs === 0 ? -Infinity : (this.#heartbeats.get(heartbeatKey(key)) ?? -Infinity);
  }
}
