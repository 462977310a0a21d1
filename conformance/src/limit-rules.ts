import { unchanged, type Cell, type Rule } from './rule.ts';
import { ended, gone, inProgress, open, states, waiting, without } from './states.ts';
import { shortMs, usualOptions } from './trace.ts';

const timedOut = (failure: string): Cell => ({
  status: 'timed-out',
  runState: 'unspecified',
  waits: false,
  failure,
  failureType: 'timeout',
});

/** An attempt over its limit ends like one that failed: semantics section 2.1. */
const ending = (failure: string): Rule['cells'] => [
  [['started'], { ...states['backing off'].sees, lastFailure: failure }],
  [['cancel-requested'], { ...timedOut(failure), retryState: 'cancel-requested', lastFailure: failure }],
  [['pause-requested'], { ...states['paused before a retry'].sees, lastFailure: failure }],
  [['reset-requested'], states.scheduled.sees],
  [['reset-requested and kept paused'], states.paused.sees],
  [[...waiting, ...ended, ...gone], unchanged],
];

const overWhole = timedOut('activity ScheduleToClose timeout');

/** What passing limits do to each state, those that do not apply to it included: semantics sections 2.1 and 2.6. */
export const limitRules: readonly Rule[] = [
  {
    call: 'time-passes',
    name: 'schedule-to-start is over',
    options: { scheduleToStartTimeoutMs: shortMs },
    cells: [
      [['scheduled'], { ...timedOut('activity ScheduleToStart timeout'), retryState: 'timeout' }],
      [[...without(open, 'scheduled'), ...ended, ...gone], unchanged],
    ],
  },
  {
    call: 'time-passes',
    name: 'start-to-close is over',
    options: { startToCloseTimeoutMs: shortMs },
    cells: ending('activity StartToClose timeout'),
  },
  {
    call: 'time-passes',
    name: 'the heartbeat timeout is over',
    options: { heartbeatTimeoutMs: shortMs },
    cells: ending('activity Heartbeat timeout'),
  },
  {
    call: 'time-passes',
    name: 'schedule-to-close is over',
    // The backoff must end before, or the failure would be the last one.
    options: {
      scheduleToCloseTimeoutMs: 2 * shortMs,
      heartbeatTimeoutMs: 0,
      retryPolicy: { ...usualOptions.retryPolicy, initialIntervalMs: shortMs },
    },
    cells: [
      [
        without(open, 'delayed', 'scheduled', 'cancel-requested', 'backing off', 'paused before a retry'),
        { ...overWhole, retryState: 'timeout', cause: '' },
      ],
      // Schedule-to-start is cut to schedule-to-close, and both are over at once.
      [['scheduled'], { status: 'timed-out', runState: 'unspecified', failureType: 'timeout', retryState: 'timeout' }],
      [['backing off', 'paused before a retry'], { ...overWhole, retryState: 'timeout', cause: 'failed' }],
      [['cancel-requested'], { ...overWhole, retryState: 'cancel-requested' }],
      // The start delay moves the deadline.
      [['delayed', ...ended, ...gone], unchanged],
    ],
  },
  {
    call: 'time-passes',
    name: 'the backoff is over',
    options: { retryPolicy: { ...usualOptions.retryPolicy, initialIntervalMs: shortMs } },
    cells: [
      [['backing off'], { waits: false }],
      [[...without(waiting, 'backing off'), ...inProgress, ...ended, ...gone], unchanged],
    ],
  },
];
