import type { ActivityRequest } from '../journal.ts';

/** Where the workers of the drill listen: over Kafka, and by polls of the gateway. */
export const taskQueues = { kafka: 'drill', polled: 'drill-polled', nobody: 'drill-nobody' } as const;

/** What is asked for. Durations in milliseconds; absent: none, or the default. */
export interface Order {
  readonly activityType: string;
  readonly taskQueue: string;
  readonly args: readonly unknown[];
  readonly startToCloseMs: number;
  readonly scheduleToCloseMs?: number;
  readonly scheduleToStartMs?: number;
  readonly heartbeatMs?: number;
  readonly startDelayMs?: number;
  readonly attemptsMax?: number;
}

/** What the client does after the start, beside waiting. `event`: it completes by a record of the topic for completions. */
export type Meddling = ActivityRequest | 'event';

export interface Kind {
  /** Of a hundred activities. */
  readonly share: number;
  readonly order: Order;
  readonly meddling?: Meddling;
  /** The outcomes that it may come to, whatever fails meanwhile. */
  readonly outcomes: RegExp;
}

/** As short as may be: what a fault interrupts is tried again soon. */
export const retry = { initialIntervalMs: 200, backoffCoefficient: 1.5, maximumIntervalMs: 2_000 } as const;

const on = (activityType: string, more: Partial<Order> = {}): Order => ({
  activityType,
  taskQueue: taskQueues.kafka,
  args: [],
  startToCloseMs: 4_000,
  ...more,
});

const polled = (activityType: string): Order => on(activityType, { taskQueue: taskQueues.polled });

/**
 * What may end an attempt, and the activity with it where no further attempt is to come (its last one, or a cancel is requested):
 * that nobody reported it in time, or that its worker was told to stop (SIGTERM) and said so.
 */
const interrupted = 'timed-out: activity StartToClose timeout|failed: Worker is shutting down and .* in time';

const cancelable = new RegExp(`^(canceled: |(${interrupted})$)`);

/** The standalone activities of the load. */
export const kinds = {
  quick: { share: 19, order: on('quick'), outcomes: /^completed: "quick"$/ },
  flaky: { share: 10, order: on('flaky'), outcomes: /^completed: "flaky"$/ },
  fatal: { share: 3, order: on('fatal'), outcomes: /^failed: fatal on purpose$/ },
  // Its last attempt may be one that a fault interrupts.
  exhausted: {
    share: 3,
    order: on('failing', { attemptsMax: 2 }),
    outcomes: new RegExp(`^(failed: fails on purpose|${interrupted})$`),
  },
  beating: { share: 8, order: on('beating'), outcomes: /^completed: "beating"$/ },
  // Silent in its first attempt, then heartbeating as users do it.
  silent: { share: 4, order: on('silent', { heartbeatMs: 1_000 }), outcomes: /^completed: "silent"$/ },
  // Its first attempt overruns, and reports its end even so: that counts as long as nobody has noticed.
  slow: { share: 5, order: on('slow', { startToCloseMs: 1_500 }), outcomes: /^completed: "slow (in time|too late)"$/ },
  endless: {
    share: 3,
    order: on('untilTold', { startToCloseMs: 1_500, scheduleToCloseMs: 3_000 }),
    outcomes: /^timed-out: (activity ScheduleTo(Close|Start) timeout|Not enough time to schedule next retry.*)$/,
  },
  nobody: {
    share: 2,
    order: on('quick', { taskQueue: taskQueues.nobody, scheduleToStartMs: 2_000 }),
    outcomes: /^timed-out: activity ScheduleToStart timeout$/,
  },
  cancelled: {
    share: 8,
    order: on('untilTold', { startToCloseMs: 10_000 }),
    meddling: 'cancel',
    outcomes: cancelable,
  },
  stubborn: {
    share: 4,
    order: on('stubborn'),
    meddling: 'cancel',
    outcomes: new RegExp(`^completed: "stubborn"$|${cancelable.source}`),
  },
  terminated: {
    share: 3,
    order: on('untilTold', { startToCloseMs: 10_000 }),
    meddling: 'terminate',
    outcomes: /^terminated: by the drill$/,
  },
  // Completed from outside, by its token.
  later: { share: 6, order: on('later'), outcomes: /^completed: "later"$/ },
  // Completed from outside, by its ids, whether an attempt runs or not.
  outside: {
    share: 5,
    order: on('leftOpen', { startToCloseMs: 30_000 }),
    meddling: 'complete',
    outcomes: /^completed: "outside"$/,
  },
  // Completed from outside, by an event on Kafka.
  announced: {
    share: 3,
    order: on('leftOpen', { startToCloseMs: 30_000 }),
    meddling: 'event',
    outcomes: /^completed: "outside"$/,
  },
  delayed: { share: 6, order: on('quick', { startDelayMs: 1_500 }), outcomes: /^completed: "quick"$/ },
  'polled-quick': { share: 4, order: polled('quick'), outcomes: /^completed: "quick"$/ },
  'polled-flaky': { share: 2, order: polled('flaky'), outcomes: /^completed: "flaky"$/ },
  'polled-beating': { share: 2, order: polled('beating'), outcomes: /^completed: "beating"$/ },
} as const satisfies Readonly<Record<string, Kind>>;

export type KindName = keyof typeof kinds;

/** The activities of a workflow run, which is cancelled while they are open. */
export const runKinds = {
  'run-told': { order: on('untilTold', { startToCloseMs: 10_000 }), outcomes: cancelable },
  'run-delayed': {
    order: on('quick', { startDelayMs: 4_000 }),
    outcomes: new RegExp(`^completed: "quick"$|${cancelable.source}`),
  },
  'run-quick': { order: on('quick'), outcomes: new RegExp(`^completed: "quick"$|${cancelable.source}`) },
} as const satisfies Readonly<Record<string, Pick<Kind, 'order' | 'outcomes'>>>;

export type RunKindName = keyof typeof runKinds;

/** How many of a hundred starts are runs, with all of `runKinds` in each. */
export const runShare = 5;

/** Of what the starts of a client are. */
const loads = {
  mixed: { ...Object.fromEntries(Object.entries(kinds).map(([name, { share }]) => [name, share])), run: runShare },
  /** Mostly what does nothing, so that its way is what takes time; and something for everyone. */
  brisk: { quick: 76, 'polled-quick': 16, delayed: 3, flaky: 1, 'polled-flaky': 1, nobody: 1, run: 2 },
} as const satisfies Readonly<Record<string, Readonly<Partial<Record<KindName | 'run', number>>>>>;

export type LoadName = keyof typeof loads;

/** How many of a hundred starts are of each kind. */
export const sharesOf = (load: LoadName): readonly (readonly [KindName | 'run', number])[] =>
  Object.entries(loads[load]).map(([name, share]) => [name as KindName | 'run', share]);

/** What is over as soon as a worker has it: the time from its start to its outcome is Ratchet's. */
export const briskKinds: readonly string[] = ['quick', 'polled-quick'];

const outcomesByKind: ReadonlyMap<string, RegExp> = new Map(
  Object.entries({ ...kinds, ...runKinds }).map(([name, { outcomes }]) => [name, outcomes]),
);

/** @throws Error for a kind that there is none of. */
export function expectedOutcomes(kind: string): RegExp {
  const outcomes = outcomesByKind.get(kind);
  if (outcomes === undefined) throw new Error(`Expected to judge a kind of activity, but there is no kind '${kind}'`);
  return outcomes;
}
