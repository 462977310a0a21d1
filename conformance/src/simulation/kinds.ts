import type { ActivityOptionsRequest, IdReusePolicy, Payloads } from '@ratchet/domain';

/** What a client does to an activity while it is open, beside waiting. */
export type Meddling = 'cancel' | 'cancel-by-record' | 'terminate' | 'complete' | 'event' | 'operate' | 'start-again';

export interface Kind {
  /** Of a hundred. */
  readonly share: number;
  /** What its worker does; see `behaviours`. */
  readonly activityType: string;
  readonly options: Partial<ActivityOptionsRequest>;
  readonly meddling?: Meddling;
  /** Whether the activities of it share a few ids, one after the other. */
  readonly sharesIds?: boolean;
  readonly idReusePolicy?: IdReusePolicy;
  readonly retentionMs?: number;
  /** What it may come to, whatever fails meanwhile. */
  readonly outcomes: RegExp;
}

export const taskQueues = { usual: 'usual', late: 'late', nobody: 'nobody' } as const;

/** As short as may be: what a fault interrupts is tried again soon. */
const retryPolicy = { initialIntervalMs: 200, backoffCoefficient: 1.5, intervalMsMax: 2_000 } as const;

const usual: ActivityOptionsRequest = { taskQueue: taskQueues.usual, startToCloseTimeoutMs: 3_000, retryPolicy };

export const optionsOf = ({ options }: Kind): ActivityOptionsRequest => ({ ...usual, ...options });

/** All that a client starts by itself. */
export const kinds: Readonly<Record<string, Kind>> = {
  quick: { share: 12, activityType: 'quick', options: {}, outcomes: /^completed: "quick"$/ },
  late: { share: 4, activityType: 'quick', options: { taskQueue: taskQueues.late }, outcomes: /^completed: "quick"$/ },
  flaky: { share: 10, activityType: 'flaky', options: {}, outcomes: /^completed: "flaky"$/ },
  fatal: { share: 3, activityType: 'fatal', options: {}, outcomes: /^failed: fatal on purpose$/ },
  exhausted: {
    share: 4,
    activityType: 'failing',
    options: { retryPolicy: { ...retryPolicy, attemptsMax: 2 } },
    outcomes: /^(failed: fails on purpose|timed-out: activity StartToClose timeout)$/,
  },
  beating: { share: 10, activityType: 'beating', options: {}, outcomes: /^completed: "beating"$/ },
  silent: {
    share: 6,
    activityType: 'silent',
    options: { heartbeatTimeoutMs: 700 },
    outcomes: /^completed: "silent"$/,
  },
  slow: {
    share: 6,
    activityType: 'slow',
    options: { startToCloseTimeoutMs: 1_200 },
    outcomes: /^completed: "slow (in time|too late)"$/,
  },
  endless: {
    share: 4,
    activityType: 'untilTold',
    options: { startToCloseTimeoutMs: 1_500, scheduleToCloseTimeoutMs: 4_000 },
    outcomes: /^timed-out: (activity ScheduleTo(Close|Start) timeout|Not enough time to schedule next retry.*)$/,
  },
  nobody: {
    share: 3,
    activityType: 'quick',
    options: { taskQueue: taskQueues.nobody, scheduleToStartTimeoutMs: 2_000 },
    outcomes: /^timed-out: activity ScheduleToStart timeout$/,
  },
  cancelled: {
    share: 6,
    activityType: 'untilTold',
    options: { startToCloseTimeoutMs: 8_000, heartbeatTimeoutMs: 4_000 },
    meddling: 'cancel',
    outcomes: /^(canceled: |timed-out: activity (StartToClose|Heartbeat) timeout$)/,
  },
  'cancelled-by-record': {
    share: 6,
    activityType: 'untilTold',
    options: { startToCloseTimeoutMs: 8_000 },
    meddling: 'cancel-by-record',
    outcomes: /^(canceled: |timed-out: activity StartToClose timeout$)/,
  },
  stubborn: {
    share: 3,
    activityType: 'stubborn',
    options: {},
    meddling: 'cancel',
    outcomes: /^(completed: "stubborn"$|canceled: |timed-out: activity StartToClose timeout$)/,
  },
  terminated: {
    share: 4,
    activityType: 'untilTold',
    options: { startToCloseTimeoutMs: 8_000 },
    meddling: 'terminate',
    outcomes: /^terminated: on purpose$/,
  },
  outside: {
    share: 4,
    activityType: 'leftOpen',
    options: { startToCloseTimeoutMs: 20_000 },
    meddling: 'complete',
    outcomes: /^completed: "outside"$/,
  },
  announced: {
    share: 5,
    activityType: 'leftOpen',
    options: { startToCloseTimeoutMs: 20_000 },
    meddling: 'event',
    outcomes: /^completed: "outside"$/,
  },
  later: { share: 4, activityType: 'later', options: {}, outcomes: /^completed: "later"$/ },
  delayed: { share: 4, activityType: 'quick', options: { startDelayMs: 1_500 }, outcomes: /^completed: "quick"$/ },
  operated: {
    share: 8,
    activityType: 'flaky',
    options: { scheduleToCloseTimeoutMs: 30_000 },
    meddling: 'operate',
    outcomes: /^(completed: "flaky"$|timed-out: )/,
  },
  again: {
    share: 5,
    activityType: 'flaky',
    options: {},
    sharesIds: true,
    retentionMs: 4_000,
    outcomes: /^completed: "flaky"$/,
  },
  repeated: {
    share: 4,
    activityType: 'quick',
    options: {},
    meddling: 'start-again',
    outcomes: /^completed: "quick"$/,
  },
};

/** The activities of a workflow run, which is cancelled or closed while they are open. */
export const runKinds: Readonly<Record<string, Omit<Kind, 'share'>>> = {
  'run-told': {
    activityType: 'untilTold',
    options: { startToCloseTimeoutMs: 8_000 },
    outcomes: /^(canceled: |timed-out: |terminated: )/,
  },
  'run-delayed': {
    activityType: 'quick',
    options: { startDelayMs: 4_000 },
    outcomes: /^(canceled: |completed: "quick"$|timed-out: |terminated: )/,
  },
  'run-quick': {
    activityType: 'quick',
    options: {},
    outcomes: /^(completed: "quick"$|canceled: |timed-out: |terminated: )/,
  },
};

/** @throws Error for a kind that there is none of. */
export function expectedOutcomes(name: string): RegExp {
  const kind = kinds[name] ?? runKinds[name];
  if (kind === undefined) throw new Error(`Expected to judge a kind of activity, but there is no kind '${name}'`);
  return kind.outcomes;
}

/** One value as JSON. */
export const payloadOf = (value: string | number): Payloads => [
  { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) },
];
