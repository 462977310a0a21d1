import { jest } from '@jest/globals';
import {
  deadlines,
  epochMillis,
  executionKey,
  heartbeatKey,
  millis,
  runKey,
  type Activity,
  type Command,
  type ExecutionId,
  type RunningActivity,
  type ScheduledActivity,
  type StateRecord,
  type WorkflowRun,
} from '@ratchet/domain';
import type { InputRecord, OutputRecord, SentRecord } from '@ratchet/kafka';
import { marginMs } from './log-clock-estimate.ts';
import { TimeoutTrackerLogic } from './timeout-tracker-logic.ts';

const startsAt = 1_700_000_000_000;
const taskRetentionMs = millis(1_209_600_000);

const idOf = (activityId: string): ExecutionId => ({ namespace: 'n', workflowId: '', runId: 'r', activityId });

const options = {
  taskQueue: 'q',
  scheduleToCloseTimeoutMs: millis(0),
  scheduleToStartTimeoutMs: millis(0),
  startToCloseTimeoutMs: millis(10_000),
  heartbeatTimeoutMs: millis(1_000),
  startDelayMs: millis(0),
  priorityKey: 0,
  fairnessKey: '',
  fairnessWeight: 0,
  retryPolicy: {
    initialIntervalMs: millis(1_000),
    backoffCoefficient: 1,
    intervalMsMax: millis(1_000),
    attemptsMax: 0,
    nonRetryableErrorTypes: [],
  },
};

const open = {
  activityType: 't',
  scheduleOffset: 1,
  version: 1,
  requestIds: [],
  scheduledAt: epochMillis(startsAt),
  retentionMs: millis(60_000),
  attempt: 1,
  options,
  originalOptions: options,
  input: [],
  header: {},
  transitionCount: 1,
  shielded: false,
  stamp: 1,
  dispatchAt: epochMillis(startsAt),
  retryIntervalMs: millis(0),
  retryIntervalSource: 'retry-policy' as const,
  lastWorkerIdentity: '',
};

const backingOff = (activityId: string, dispatchAt: number): ScheduledActivity => ({
  ...open,
  id: idOf(activityId),
  status: 'scheduled',
  attempt: 2,
  dispatchAt: epochMillis(dispatchAt),
});

const running = (activityId: string, startedAt: number): RunningActivity => ({
  ...open,
  id: idOf(activityId),
  status: 'started',
  startedAt: epochMillis(startedAt),
  claimId: 'c',
});

const closed = (activity: Activity, closedAt: number): Activity => ({
  ...open,
  id: activity.id,
  status: 'timed-out',
  closedAt: epochMillis(closedAt),
  expiresAt: epochMillis(closedAt + activity.retentionMs),
  outcome: { type: 'success', result: [] },
  closeRequestId: '',
});

const codec = {
  encodeCommand: (command: Command): Buffer => Buffer.from(JSON.stringify(command)),
  decodeState: (bytes: Buffer): StateRecord => JSON.parse(bytes.toString()) as StateRecord,
};

interface WorldOptions {
  /** The log's clock minus the tracker's. */
  readonly skewMs?: number;
  /** From sending a command to its append. */
  readonly onTheWayMs?: number;
  /** From its append until the tracker reads what was decided. */
  readonly commitMs?: number;
  /** Up to how much longer either takes, at random. */
  readonly jitterMs?: number;
}

/** A partition whose every decision asks the domain which deadlines there are, and whose clock is not the tracker's. */
class World {
  readonly #options: Required<WorldOptions>;
  readonly #activities = new Map<string, Activity>();
  readonly tracker: TimeoutTrackerLogic;
  /** How late each accepted proposal was on the log's clock. */
  readonly latenessMs: number[] = [];
  readonly sent: string[] = [];
  refusedCount = 0;
  probeCount = 0;
  /** Nothing comes of what is proposed. */
  refuses = false;
  /** The broker takes nothing. */
  deaf = false;
  /** What is written, and nobody decides. */
  #backlog: (() => void)[] | undefined;
  #offset = 0;
  #commandOffset = 0;
  /** Commits come in the order of the log. */
  #committedAt = 0;
  #random = 1;

  constructor({ skewMs = 0, onTheWayMs = 4, commitMs = 20, jitterMs = 0 }: WorldOptions = {}) {
    this.#options = { skewMs, onTheWayMs, commitMs, jitterMs };
    this.tracker = new TimeoutTrackerLogic({
      context: { partition: 3, send: (records, sent) => this.#take(records, sent) },
      codec,
      taskRetentionMs,
      own: () => Date.now(),
    });
  }

  get logNow(): number {
    return Date.now() + this.#options.skewMs;
  }

  restore(activity: Activity): void {
    this.#activities.set(executionKey(activity.id), activity);
    const state: StateRecord = { type: 'ActivitySnapshot', activity };
    if (!('expiresAt' in activity)) void this.tracker.restore(this.#record(executionKey(activity.id), state));
  }

  /** What stands last in `executions`. */
  restoreProgress(): void {
    const progress = { commands: 0, queries: 0, rules: 1, now: epochMillis(Math.floor(this.logNow)) };
    void this.tracker.restore(this.#record('__progress', { type: 'Progress', ...progress, ...this.#expiresFirst() }));
  }

  write(activity: Activity): void {
    this.#activities.set(executionKey(activity.id), activity);
    this.#show(executionKey(activity.id), { type: 'ActivitySnapshot', activity });
  }

  showRun(change: Partial<WorkflowRun>): void {
    const id = { namespace: 'n', workflowId: 'w', runId: 'r' };
    const kept = { openRequestId: 'o', retentionMs: millis(60_000), signalsAcknowledgedTo: -1, recentSignalIds: [] };
    const run: WorkflowRun = { id, status: 'open', version: 1, openedAt: epochMillis(startsAt), ...kept, ...change };
    this.#show(runKey(id), { type: 'RunSnapshot', run });
  }

  heartbeat(activityId: string): void {
    const recordedAt = epochMillis(this.logNow);
    const activity = this.activity(activityId);
    if (activity !== undefined && 'startedAt' in activity && 'options' in activity) {
      const beaten = { ...activity, heartbeat: { details: [], recordedAt, count: 1 } };
      this.#activities.set(executionKey(activity.id), beaten);
    }
    const heartbeat = { details: [], recordedAt, count: 1, scheduleOffset: 1, attempt: 1, stamp: 1 };
    this.#show(heartbeatKey(executionKey(idOf(activityId))), { type: 'ActivityHeartbeat', ...heartbeat });
  }

  activity(activityId: string): Activity | undefined {
    return this.#activities.get(executionKey(idOf(activityId)));
  }

  #take(records: readonly OutputRecord[], sent: ((last: SentRecord) => void) | undefined): void {
    let lastOnTheWayMs = 0;
    for (const { topic, partition, value } of records) {
      expect({ topic, partition }).toEqual({ topic: 'ratchet.activity.commands', partition: 3 });
      const command = JSON.parse(String(value)) as Command;
      // One at the beginning only asks what time it is.
      if (command.type === 'ExpireBefore' && command.before === 0) this.probeCount++;
      else this.sent.push(command.type === 'TimeOut' ? command.timeoutType : command.type);
      lastOnTheWayMs = this.#options.onTheWayMs + this.#jitter();
      if (!this.deaf) setTimeout(() => this.#append(command), lastOnTheWayMs);
    }
    if (this.deaf) return;
    setTimeout(() => {
      const appendedAt = Math.floor(this.logNow);
      const offset = this.#commandOffset - 1;
      setTimeout(() => sent?.({ partition: 3, offset, appendedAt }), this.#options.onTheWayMs);
    }, lastOnTheWayMs);
  }

  /** No scheduler decides any more. */
  stopDeciding(): void {
    this.#backlog = [];
  }

  /** A scheduler is back, and reads what stands in the log. */
  goOnDeciding(): void {
    const backlog = this.#backlog ?? [];
    this.#backlog = undefined;
    for (const decide of backlog) decide();
  }

  #jitter(): number {
    this.#random = (this.#random * 48_271) % 2_147_483_647;
    return Math.floor((this.#random / 2_147_483_647) * this.#options.jitterMs);
  }

  #append(command: Command): void {
    const now = Math.floor(this.logNow);
    const offset = this.#commandOffset++;
    const decide = (): void => {
      this.#decideAt(command, now, offset);
    };
    if (this.#backlog === undefined) decide();
    else this.#backlog.push(decide);
  }

  /** As the scheduler commits it: first what has changed, then how far it has come. */
  #decideAt(command: Command, now: number, offset: number): void {
    this.#committedAt = Math.max(this.#committedAt, Date.now() + this.#options.commitMs + this.#jitter());
    const commitMs = this.#committedAt - Date.now();
    if (command.type === 'ExpireBefore') this.#expire(Math.min(command.before, now), command.countMax);
    else if ('target' in command && 'timer' in command) this.#decide(command, now, commitMs);
    setTimeout(() => {
      const progress = { commands: offset + 1, queries: 0, rules: 1, now: epochMillis(now) };
      this.#show('__progress', { type: 'Progress', ...progress, ...this.#expiresFirst() });
    }, commitMs);
  }

  #decide(command: Extract<Command, { readonly timer: unknown }>, now: number, commitMs: number): void {
    const key = executionKey(command.target);
    const activity = this.#activities.get(key);
    const type = command.type === 'TimeOut' ? command.timeoutType : 'dispatch';
    const due = activity && deadlines(activity, taskRetentionMs).find((deadline) => deadline.type === type);
    if (this.refuses || activity === undefined || due === undefined || due.at > now) {
      this.refusedCount++;
      return;
    }
    this.latenessMs.push(now - due.at);
    const after =
      activity.status === 'scheduled' && type === 'dispatch'
        ? { ...activity, dispatchedAt: epochMillis(now) }
        : closed(activity, now);
    this.#activities.set(key, after);
    const state: StateRecord = { type: 'ActivitySnapshot', activity: after };
    setTimeout(() => this.#show(key, 'expiresAt' in after ? undefined : state), commitMs);
  }

  #expiresFirst(): { readonly expiresFirstAt?: ReturnType<typeof epochMillis> } {
    const all = [...this.#activities.values()].flatMap((each) => ('expiresAt' in each ? each.expiresAt : []));
    return all.length === 0 ? {} : { expiresFirstAt: epochMillis(Math.min(...all)) };
  }

  #expire(before: number, countMax: number): void {
    const expired = [...this.#activities]
      .filter(([, a]) => 'expiresAt' in a && a.expiresAt <= before)
      .slice(0, countMax);
    for (const [key] of expired) this.#activities.delete(key);
  }

  #show(key: string, state: StateRecord | undefined): void {
    const record = this.#record(key, state);
    this.tracker.handle(record, this.tracker.decode(record) as StateRecord | undefined);
  }

  #record(key: string, state: StateRecord | undefined): InputRecord {
    const value = state === undefined ? null : Buffer.from(JSON.stringify(state));
    const offset = this.#offset++;
    return { topic: 'ratchet.activity.executions', partition: 3, offset, key, value, headers: {}, timestampMs: 0 };
  }
}

beforeEach(() => {
  jest.useFakeTimers({ now: startsAt });
});
afterEach(() => {
  jest.useRealTimers();
});

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((one, other) => one - other)[Math.ceil(values.length * share) - 1] ?? NaN;

describe.each([-5_000, -40, 0, 40, 5_000])('with a log %i ms ahead of its own clock', (skewMs) => {
  test('every deadline is met, none early, and hardly late', async () => {
    const world = new World({ skewMs });
    const activityCount = 300;
    for (let index = 0; index < activityCount; index++) {
      world.restore(backingOff(String(index), world.logNow + 500 + index * 97));
    }
    world.tracker.restored();
    await jest.advanceTimersByTimeAsync(40_000);

    expect(world.latenessMs).toHaveLength(activityCount);
    // 5 ms of jitter, and the margin that keeps proposals from being early.
    expect(quantile(world.latenessMs, 0.99)).toBeLessThanOrEqual(5 + marginMs);
    expect(Math.max(...world.latenessMs)).toBeLessThanOrEqual(30);
    expect(world.refusedCount).toBeLessThan(activityCount / 4);
  });

  test('what became due while nobody watched is proposed at once', async () => {
    const world = new World({ skewMs });
    world.restore(running('late', world.logNow - 60_000));
    world.tracker.restored();
    await jest.advanceTimersByTimeAsync(5);
    expect(world.activity('late')?.status).toBe('timed-out');
  });
});

test.each([-86_400_000, 86_400_000])(
  'with a wall clock that is wrong by a day (log %i ms ahead), and nothing else in the partition, deadlines are met',
  async (skewMs) => {
    const world = new World({ skewMs });
    for (let index = 0; index < 100; index++) world.restore(backingOff(String(index), world.logNow + 500 + index * 97));
    world.tracker.restored();
    await jest.advanceTimersByTimeAsync(15_000);
    expect(world.probeCount).toBe(1);
    expect(world.latenessMs).toHaveLength(100);
    expect(Math.max(...world.latenessMs)).toBeLessThanOrEqual(30);
  },
);

test('under a load that makes everything up to 150 ms slower, timers are no later than the load makes them', async () => {
  const world = new World({ jitterMs: 150 });
  const activityCount = 500;
  for (let index = 0; index < activityCount; index++) {
    world.restore(backingOff(String(index), world.logNow + 1_000 + Math.floor(index / 20) * 1_000));
  }
  world.tracker.restored();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(world.latenessMs).toHaveLength(activityCount);
  expect(quantile(world.latenessMs, 0.5)).toBeLessThanOrEqual(110);
  // One that came too early is sent once more: two ways to the log.
  expect(quantile(world.latenessMs, 0.99)).toBeLessThanOrEqual(250);
  expect(world.refusedCount).toBeLessThan(activityCount / 2);
});

test('the timeout of a run is proposed until the run is closed, and that of a closed one never', async () => {
  const world = new World();
  const timeoutAt = epochMillis(startsAt + 20_000);
  world.tracker.restored();
  world.showRun({ timeoutAt });
  await jest.advanceTimersByTimeAsync(10_000);
  // A signal came: the snapshot is written anew.
  world.showRun({ timeoutAt, version: 7 });
  // The log's clock may be 5 s ahead, as long as nothing has told what it is.
  await jest.advanceTimersByTimeAsync(4_900);
  expect(world.sent).toEqual([]);
  await jest.advanceTimersByTimeAsync(5_200);
  expect(new Set(world.sent)).toEqual(new Set(['TimeOutRun']));
  const close = { status: 'timed-out', reason: '', requestId: '', closedAt: timeoutAt } as const;
  world.showRun({ timeoutAt, status: 'closed', close: { ...close, expiresAt: epochMillis(startsAt + 600_000) } });
  world.sent.length = 0;
  await jest.advanceTimersByTimeAsync(300_000);
  expect(world.sent).toEqual([]);
});

test('nothing is proposed before all that is there was read', async () => {
  const world = new World();
  world.restore(running('a', startsAt - 60_000));
  await jest.advanceTimersByTimeAsync(1_000);
  expect(world.sent).toEqual([]);
});

/** When proposals were sent, in milliseconds since the beginning. */
async function sendingTimes(world: World, forMs: number): Promise<number[]> {
  const times: number[] = [];
  for (let elapsed = 0; elapsed < forMs; elapsed++) {
    await jest.advanceTimersByTimeAsync(1);
    while (times.length < world.sent.length) times.push(Date.now() - startsAt);
  }
  return times;
}

test('a retry that is due is asked for once, however slow the scheduler is', async () => {
  const world = new World({ commitMs: 900 });
  world.tracker.restored();
  for (let index = 0; index < 20; index++) world.write(backingOff(String(index), startsAt + 500 + index));
  await jest.advanceTimersByTimeAsync(5_000);
  expect(world.latenessMs).toHaveLength(20);
  expect(world.sent).toHaveLength(20 + world.refusedCount);
  // As long as the log's clock is a guess, some are too early.
  expect(world.refusedCount).toBeLessThanOrEqual(16);
});

test('while nobody decides for three minutes, little is asked twice; and then all is there', async () => {
  const world = new World();
  const activityCount = 471;
  world.tracker.restored();
  world.stopDeciding();
  for (let index = 0; index < activityCount; index++) world.write(running(String(index), startsAt + index * 10));
  await jest.advanceTimersByTimeAsync(180_000);
  const perActivity = world.sent.length / activityCount;
  // Each has two deadlines, the second while the first is undecided; then again after 15 s, 30 s, 60 s.
  expect(perActivity).toBeGreaterThan(2);
  expect(perActivity).toBeLessThan(12);

  world.goOnDeciding();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(world.latenessMs).toHaveLength(activityCount);
  world.sent.length = 0;
  await jest.advanceTimersByTimeAsync(60_000);
  // What was closed ends its retention.
  expect(world.sent.filter((type) => type !== 'ExpireBefore')).toEqual([]);
});

test('a deadline that comes while another is undecided is met all the same', async () => {
  const world = new World();
  world.tracker.restored();
  world.stopDeciding();
  world.write(running('a', startsAt));
  await jest.advanceTimersByTimeAsync(10_100);
  expect(world.sent).toContain('start-to-close');
});

test('what the broker never answers is proposed again after 15 s, 30 s, 60 s, for ever', async () => {
  const world = new World();
  world.deaf = true;
  world.restore(backingOff('a', startsAt - 60_000));
  world.tracker.restored();
  const times = await sendingTimes(world, 240_000);
  expect(times[0]).toBeLessThanOrEqual(1);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  const pauses = [15_000, 30_000, 60_000, 60_000];
  // And a fifth longer, by chance.
  pauses.forEach((pauseMs, index) => {
    if (index >= gaps.length) return;
    expect(gaps[index]).toBeGreaterThanOrEqual(pauseMs);
    expect(gaps[index]).toBeLessThanOrEqual(1.25 * pauseMs);
  });
  expect(gaps.length).toBeGreaterThanOrEqual(3);
  expect(gaps.length).toBeLessThanOrEqual(5);

  world.deaf = false;
  await jest.advanceTimersByTimeAsync(75_100);
  expect(world.activity('a')).toHaveProperty('dispatchedAt');
});

test('what was decided and had no effect is proposed again, at first at once, ever more rarely', async () => {
  const world = new World();
  world.refuses = true;
  world.restore(backingOff('a', startsAt - 60_000));
  world.tracker.restored();
  const times = await sendingTimes(world, 180_000);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
  expect(gaps[0]).toBeLessThanOrEqual(60);
  expect(times.length).toBeLessThanOrEqual(25);
  expect(gaps.at(-1)).toBeGreaterThanOrEqual(15_000);

  world.refuses = false;
  await jest.advanceTimersByTimeAsync(15_100);
  expect(world.activity('a')).toHaveProperty('dispatchedAt');
});

test('heartbeats put off the heartbeat timeout, and then it comes', async () => {
  const world = new World();
  world.tracker.restored();
  world.write(running('a', startsAt));
  for (let beat = 0; beat < 20; beat++) {
    await jest.advanceTimersByTimeAsync(400);
    world.heartbeat('a');
  }
  expect(world.latenessMs).toEqual([]);
  await jest.advanceTimersByTimeAsync(1_100);
  expect(world.sent.at(-1)).toBe('heartbeat');
  expect(world.activity('a')?.status).toBe('timed-out');
});

test('a deadline further away than setTimeout can wait is met', async () => {
  const monthMs = 30 * 86_400_000;
  const world = new World();
  world.restore(backingOff('a', startsAt + monthMs));
  world.tracker.restored();
  await jest.advanceTimersByTimeAsync(monthMs - 10_000);
  expect(world.latenessMs).toEqual([]);
  await jest.advanceTimersByTimeAsync(10_100);
  expect(world.latenessMs).toHaveLength(1);
});

test('thousands that are due at once are all met, with less than one repetition each', async () => {
  const world = new World({ commitMs: 100 });
  const activityCount = 4_000;
  for (let index = 0; index < activityCount; index++) world.restore(backingOff(String(index), startsAt - 1));
  world.tracker.restored();
  await jest.advanceTimersByTimeAsync(20_000);
  expect(world.latenessMs).toHaveLength(activityCount);
  expect(world.sent.length).toBeLessThan(2 * activityCount);
});

test('what was closed is removed once its retention is over, a thousand at a time', async () => {
  const world = new World();
  for (let index = 0; index < 2_500; index++) world.restore(closed(running(String(index), startsAt), startsAt));
  world.restoreProgress();
  world.tracker.restored();
  await jest.advanceTimersByTimeAsync(59_000);
  expect(world.activity('0')).toBeDefined();
  await jest.advanceTimersByTimeAsync(3_000);
  expect(world.activity('0')).toBeUndefined();
  expect(world.activity('2499')).toBeUndefined();
  const { length } = world.sent;
  await jest.advanceTimersByTimeAsync(60_000);
  expect(world.sent).toHaveLength(length);
});

test('after close it proposes nothing', async () => {
  const world = new World();
  world.restore(backingOff('a', startsAt + 100));
  world.tracker.restored();
  world.tracker.close();
  await jest.advanceTimersByTimeAsync(1_000);
  expect(world.sent).toEqual([]);
});
