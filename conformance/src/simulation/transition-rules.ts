import {
  decide,
  executionKey,
  isClosed,
  isRunning,
  PartitionState,
  type Activity,
  type Command,
  type EntityChange,
  type EpochMillis,
  type OpenActivity,
} from '@ratchet/domain';
import type { InputRecord } from '@ratchet/kafka';

/** What is known of one life of an activity beside its state. */
interface Life {
  isReset: boolean;
  cancelCount: number;
  reportIds: Set<string>;
}

type Changed = Extract<EntityChange, { readonly type: 'ActivityChanged' }>;

/** P1 to P5 for one partition, command by command, on a state of the rules alone: it has no store, no cache and no records. */
export class TransitionRules {
  readonly #violated: (rule: string, why: string, about?: string) => void;
  readonly #state = new PartitionState();
  readonly #lives = new Map<string, Life>();
  /** Keys of executions that were reset: their attempts are counted anew. */
  readonly reset = new Set<string>();
  /** Keys of executions whose retention was over. */
  readonly expired = new Set<string>();
  /** Those of them that a repeated start has begun again. */
  readonly begunAgain = new Set<string>();
  #now = 0;

  constructor(violated: (rule: string, why: string, about?: string) => void) {
    this.#violated = violated;
  }

  /** The log's clock: the latest append time of what has passed, epoch milliseconds. */
  get now(): number {
    return this.#now;
  }

  /** A command that is not decided has an append time, too. */
  passed({ timestampMs }: Pick<InputRecord, 'timestampMs'>): void {
    this.#now = Math.max(this.#now, timestampMs);
  }

  /** The next command of the partition that is decided. */
  decided(record: Pick<InputRecord, 'offset' | 'timestampMs'>, command: Command): void {
    this.passed(record);
    const { offset } = record;
    const context = { now: this.#now as EpochMillis, offset, rules: this.#state.rules };
    const decision = decide(this.#state, command, context);
    if (decision.kind === 'refused') return;
    for (const entity of decision.change) {
      if (entity.type === 'ActivityChanged') this.#check(entity, command, offset);
      if (command.type === 'ExpireBefore' && isRemoval(entity)) this.#checkExpired(keyOf(entity));
    }
    this.#state.apply(decision.change);
  }

  #check({ activity: after }: Changed, command: Command, offset: number): void {
    const key = executionKey(after.id);
    const found = this.#state.activityByKey(key);
    const before = found?.scheduleOffset === after.scheduleOffset ? found : undefined;
    const life = this.#lifeOf(after);
    const wrong =
      before === undefined
        ? wrongBeginning(after, command, offset)
        : (changedAfterEnd(before, after, command) ??
          this.#wrongTimer(before, command) ??
          wrongClaim(before, after, command, this.#now) ??
          wrongAttempt(before, after, life, command) ??
          wrongToken(before, command, life));
    if (wrong !== undefined) this.#violated(wrong.rule, `${command.type} at ${String(offset)}: ${wrong.why}`, key);
    if (before === undefined && this.expired.has(key)) this.begunAgain.add(key);
    this.#remember(command, life, key);
    this.#countCancel(before, after, life, key);
  }

  #remember(command: Command, life: Life, key: string): void {
    if ('reportId' in command) life.reportIds.add(command.reportId);
    if (command.type !== 'Reset') return;
    life.isReset = true;
    this.reset.add(key);
  }

  #lifeOf(activity: Activity): Life {
    const key = `${executionKey(activity.id)} ${String(activity.scheduleOffset)}`;
    let life = this.#lives.get(key);
    if (life === undefined) this.#lives.set(key, (life = { isReset: false, cancelCount: 0, reportIds: new Set() }));
    return life;
  }

  /** P5. */
  #countCancel(before: Activity | undefined, after: Activity, life: Life, key: string): void {
    if (after.status !== 'cancel-requested' || before?.status === 'cancel-requested') return;
    if (++life.cancelCount > 1) this.#violated('P5', `${key} is asked to cancel again`, key);
  }

  /** P3: by the append times alone. */
  #wrongTimer(before: Activity, command: Command): Wrong | undefined {
    if (isClosed(before)) return undefined;
    const dueAt = dueAtOf(before, command);
    if (dueAt === undefined || this.#now >= dueAt) return undefined;
    return { rule: 'P3', why: `it is due at ${String(dueAt)}, and the log shows ${String(this.#now)}` };
  }

  #checkExpired(key: string): void {
    this.expired.add(key);
    const activity = this.#state.activityByKey(key);
    if (activity === undefined || !isClosed(activity)) return;
    if (this.#now < activity.closedAt + activity.retentionMs)
      this.#violated('P3', `${key} is removed before its retention is over`, key);
  }
}

type Removal = Extract<EntityChange, { readonly type: 'ActivityRemoved' }> | Changed;

/** It is gone, or what is left of it only remembers the ids of its reports. */
const isRemoval = (entity: EntityChange): entity is Removal =>
  entity.type === 'ActivityRemoved' || (entity.type === 'ActivityChanged' && isRemnant(entity.activity));

const keyOf = (removal: Removal): string =>
  executionKey(removal.type === 'ActivityRemoved' ? removal.id : removal.activity.id);

/** What stands in for an activity that was removed: it says nothing of its end. */
export const isRemnant = (activity: Activity): boolean => isClosed(activity) && activity.deleted === true;

interface Wrong {
  readonly rule: string;
  readonly why: string;
}

const wrongBeginning = (after: Activity, command: Command, offset: number): Wrong | undefined =>
  command.type === 'Schedule' && after.scheduleOffset === offset
    ? undefined
    : { rule: 'P1', why: 'an activity begins without a Schedule of its own' };

/** P1. */
function changedAfterEnd(before: Activity, after: Activity, command: Command): Wrong | undefined {
  if (!isClosed(before) || command.type === 'Delete') return undefined;
  // What is remembered of request and report ids may still grow.
  const isSameEnd = isClosed(after) && after.status === before.status && after.closedAt === before.closedAt;
  return isSameEnd ? undefined : { rule: 'P1', why: `it was ${before.status}, and is ${after.status}` };
}

/** When what a timer proposes is due, in the words of the semantics. */
function dueAtOf(before: OpenActivity, command: Command): number | undefined {
  const { options, scheduledAt, dispatchAt } = before;
  if (command.type === 'DispatchDue') return dispatchAt;
  if (command.type !== 'TimeOut') return undefined;
  switch (command.timeoutType) {
    case 'schedule-to-close':
      return scheduledAt + options.startDelayMs + options.scheduleToCloseTimeoutMs;
    case 'schedule-to-start':
      return dispatchAt + options.scheduleToStartTimeoutMs;
    case 'start-to-close':
      return (before.startedAt ?? Infinity) + options.startToCloseTimeoutMs;
    case 'heartbeat':
      return Math.max(before.startedAt ?? Infinity, before.heartbeat?.recordedAt ?? 0) + options.heartbeatTimeoutMs;
  }
}

/** P2. */
function wrongClaim(before: Activity, after: Activity, command: Command, now: number): Wrong | undefined {
  if (after.startedAt === before.startedAt || isClosed(after)) return undefined;
  if (command.type !== 'Claim') return { rule: 'P2', why: 'an attempt begins without a claim' };
  if (before.status !== 'scheduled') return { rule: 'P2', why: `an attempt is granted while it is ${before.status}` };
  if (now < before.dispatchAt) return { rule: 'P3', why: `an attempt is granted before ${String(before.dispatchAt)}` };
  const { attempt } = command;
  const isCurrent =
    attempt.by === 'token' &&
    attempt.attempt === before.attempt &&
    attempt.stamp === before.stamp &&
    attempt.scheduleOffset === before.scheduleOffset;
  return isCurrent ? undefined : { rule: 'P4', why: 'a claim of another attempt is granted' };
}

/** P2: contiguous from 1 within a reset. */
function wrongAttempt(before: Activity, after: Activity, life: Life, command: Command): Wrong | undefined {
  if (after.attempt === before.attempt) return undefined;
  const isNext = after.attempt === before.attempt + 1 && isRunning(before);
  const isAnew = after.attempt === 1 && (life.isReset || command.type === 'Reset');
  if (isNext || isAnew) return undefined;
  return { rule: 'P2', why: `attempt ${String(before.attempt)} is followed by ${String(after.attempt)}` };
}

/** P4. */
function wrongToken(before: Activity, command: Command, life: Life): Wrong | undefined {
  if (!('attempt' in command) || command.type === 'Claim' || command.attempt.by === 'id') return undefined;
  if ('reportId' in command && life.reportIds.has(command.reportId ?? '')) return undefined;
  const { attempt, scheduleOffset } = command.attempt;
  const isCurrent = isRunning(before) && before.attempt === attempt && before.scheduleOffset === scheduleOffset;
  return isCurrent ? undefined : { rule: 'P4', why: `a report of attempt ${String(attempt)} is accepted` };
}
