import type { ActivityTimeouts } from '@ratchet/client';
import { activityIdOf, queueOf, type DemoRun, type QueueName } from './demo-run.ts';
import type { Expectation, Outcome } from './outcome.ts';
import { outcomeOf, type Tracked } from './tracked.ts';
import type * as activities from './activities.ts';

const lastWords = 'still here';
const firstFailure = 'Expected to finish, but the first attempt always fails';

type TimedOut = Extract<Outcome, { readonly status: 'timed-out' }>;

interface TimeoutCase {
  readonly type: 'neverRuns' | 'hang' | 'fallSilent' | 'failThenHang';
  readonly args: readonly [] | readonly [string];
  readonly queue: QueueName;
  readonly timeouts: ActivityTimeouts;
  readonly attempts: number;
  readonly runs: Expectation['runs'];
  readonly expected: Omit<TimedOut, 'status'>;
}

/** One activity for each limit, and how it must end. */
const cases: readonly TimeoutCase[] = [
  {
    type: 'neverRuns',
    args: [],
    queue: 'nobody',
    timeouts: { scheduleToStart: 2_000, startToClose: 10_000 },
    attempts: 1,
    runs: 'none',
    expected: { timeoutType: 'schedule-to-start', lastHeartbeatDetails: undefined, cause: undefined },
  },
  {
    type: 'hang',
    args: [],
    queue: 'files',
    timeouts: { startToClose: 3_000 },
    attempts: 2,
    runs: 'all',
    expected: {
      timeoutType: 'start-to-close',
      lastHeartbeatDetails: undefined,
      cause: 'activity StartToClose timeout',
    },
  },
  {
    type: 'fallSilent',
    args: [lastWords],
    queue: 'files',
    timeouts: { startToClose: 60_000, heartbeat: 3_000 },
    attempts: 1,
    runs: 'all',
    expected: { timeoutType: 'heartbeat', lastHeartbeatDetails: lastWords, cause: undefined },
  },
  {
    // The second attempt hangs, and the whole ends before that attempt's own limit, which is as long but began later.
    type: 'failThenHang',
    args: [firstFailure],
    queue: 'files',
    timeouts: { scheduleToClose: 8_000 },
    attempts: 2,
    runs: 'some',
    expected: { timeoutType: 'schedule-to-close', lastHeartbeatDetails: undefined, cause: firstFailure },
  },
];

/** Runs an activity into each of the four timeouts, all at once. */
export const runIntoTimeouts = (run: DemoRun): Promise<readonly Tracked[]> =>
  Promise.all(cases.map((timeoutCase) => runIntoTimeout(run, timeoutCase)));

async function runIntoTimeout(run: DemoRun, timeoutCase: TimeoutCase): Promise<Tracked> {
  const { type, args, queue, timeouts, attempts, runs, expected } = timeoutCase;
  const group = `${expected.timeoutType} timeout`;
  const handle = await run.client.start<typeof activities, TimeoutCase['type']>(type, {
    id: activityIdOf(run, expected.timeoutType),
    taskQueue: queueOf(run, queue),
    args,
    timeouts,
    retry: { initialInterval: 100, maximumAttempts: attempts },
  });
  const outcome = await outcomeOf(handle);
  run.progress.say(`${group}: the activity timed out as it should`);
  return {
    name: group,
    group,
    handle,
    outcome,
    expectation: {
      outcome: { status: 'timed-out', ...expected },
      attempts: { min: attempts, max: attempts },
      runs,
    },
  };
}
