import type { Command } from './command.ts';
import {
  canceledReason,
  currentRetryIntervalMs,
  executionDurationMs,
  executionTime,
  expirationTime,
  lastAttemptCompleteTime,
  lastFailure,
  lastHeartbeatTime,
  nextAttemptScheduleTime,
  publicStatus,
  runState,
  stateTransitionCount,
} from './describe.ts';
import { executionKey } from './identity.ts';
import { applicationFailure, options, payloads, Stage, standalone } from './stage.fixture.ts';
import { standaloneIn, type StateName } from './states.fixture.ts';
import { epochMillis } from './units.ts';
import { utf8Bytes } from './utf8.ts';

// Semantics sections 2, 2.2 and 2.6.

test.each<{ state: StateName; status: string; run: string }>([
  { state: 'delayed', status: 'running', run: 'scheduled' },
  { state: 'scheduled', status: 'running', run: 'scheduled' },
  { state: 'backing off', status: 'running', run: 'scheduled' },
  { state: 'started', status: 'running', run: 'started' },
  { state: 'cancel-requested', status: 'running', run: 'cancel-requested' },
  { state: 'pause-requested', status: 'running', run: 'pause-requested' },
  { state: 'reset-requested', status: 'running', run: 'started' },
  { state: 'paused', status: 'paused', run: 'paused' },
  { state: 'completed', status: 'completed', run: 'unspecified' },
  { state: 'failed', status: 'failed', run: 'unspecified' },
  { state: 'canceled', status: 'canceled', run: 'unspecified' },
  { state: 'terminated', status: 'terminated', run: 'unspecified' },
  { state: 'timed-out', status: 'timed-out', run: 'unspecified' },
])('$state shows as $status, $run', ({ state, status, run }) => {
  const { activity } = standaloneIn(state);
  expect([publicStatus(activity), runState(activity)]).toEqual([status, run]);
});

test('a reset that keeps a pause shows as the pause', () => {
  const stage = standaloneIn('pause-requested');
  stage.accept(stage.reset({ keepPaused: true }));
  expect(runState(stage.activity)).toBe('pause-requested');
});

test.each<{ state: StateName; now: number; next: number | undefined; interval: number | undefined }>([
  { state: 'backing off', now: 9, next: 10, interval: 10 },
  { state: 'backing off', now: 10, next: undefined, interval: undefined },
  { state: 'delayed', now: 49, next: 50, interval: undefined },
  { state: 'delayed', now: 50, next: undefined, interval: undefined },
  { state: 'scheduled', now: 0, next: undefined, interval: undefined },
  { state: 'started', now: 0, next: undefined, interval: undefined },
  { state: 'paused', now: 0, next: undefined, interval: undefined },
  { state: 'completed', now: 0, next: undefined, interval: undefined },
])('$state at $now: next attempt $next, interval $interval', ({ state, now, next, interval }) => {
  const { activity } = standaloneIn(state);
  const instant = epochMillis(now);
  expect([nextAttemptScheduleTime(activity, instant), currentRetryIntervalMs(activity, instant)]).toEqual([
    next,
    interval,
  ]);
});

test('a paused backoff shows neither', () => {
  const stage = standaloneIn('pause-requested').accept(new Stage().fail());
  expect(nextAttemptScheduleTime(stage.activity, epochMillis(0))).toBeUndefined();
  expect(currentRetryIntervalMs(stage.activity, epochMillis(0))).toBeUndefined();
});

test('times of the execution', () => {
  const { activity } = standaloneIn('delayed');
  expect([executionTime(activity), expirationTime(activity), executionDurationMs(activity)]).toEqual([
    50,
    1050,
    undefined,
  ]);
  const closed = standaloneIn('timed-out').activity;
  expect([executionTime(closed), expirationTime(closed), executionDurationMs(closed)]).toEqual([0, 1000, 30]);
  const unlimited = new Stage();
  unlimited.accept(unlimited.schedule({ options: { taskQueue: 'mail', startToCloseTimeoutMs: 5 } }));
  expect(expirationTime(unlimited.activity)).toBeUndefined();
});

describe('the last failure', () => {
  test('of an open activity is that of the attempt before', () => {
    expect(lastFailure(standaloneIn('backing off').activity)).toEqual({
      failure: applicationFailure('broken'),
      failedAt: 0,
    });
    expect(lastFailure(standaloneIn('started').activity)).toBeUndefined();
  });

  test('of a failed one is its outcome', () => {
    const { activity } = standaloneIn('failed');
    expect(lastFailure(activity)?.failure.message).toBe('final');
  });

  test.each(['start-to-close', 'heartbeat'] as const)('of one that ended in a %s timeout is its outcome', (type) => {
    const stage = new Stage().accept(
      new Stage().schedule({ options: { ...options, retryPolicy: { attemptsMax: 1 } } }),
    );
    stage.accept(stage.claim()).at(100).accept(stage.timeOut(type));
    expect(lastFailure(stage.activity)).toEqual({ failure: stage.outcomeFailure, failedAt: 100 });
  });

  test('of one that ran out of its whole time stays that of the last attempt', () => {
    const { activity } = standaloneIn('timed-out');
    expect(lastFailure(activity)).toBeUndefined();
    const stage = standaloneIn('backing off').at(1000);
    stage.accept(stage.timeOut('schedule-to-close'));
    expect(lastFailure(stage.activity)?.failure.message).toBe('broken');
  });

  test.each(['completed', 'canceled', 'terminated'] as const)('of one that is %s is not its outcome', (state) => {
    expect(lastFailure(standaloneIn(state).activity)).toBeUndefined();
  });
});

describe('a closed activity shows what it showed when it was open', () => {
  /** After a failed attempt, with all that an activity can have. */
  const full = (): Stage => {
    const stage = new Stage();
    stage.accept(
      stage.schedule({
        header: { trace: { metadata: {}, data: utf8Bytes('t') } },
        userMetadata: { summary: { metadata: {}, data: utf8Bytes('s') } },
        links: [utf8Bytes('link')],
        options: { ...options, priorityKey: 2 },
      }),
    );
    stage.accept(stage.claim({ sdk: { name: 'temporal-go', version: '1.2' } })).at(3);
    return stage.accept(stage.heartbeat(payloads('page 1'))).accept(stage.fail());
  };
  const shown = ({ activity }: Stage) => {
    const { options: inForce, input, header, userMetadata, links, heartbeat, workerSdk, startedAt, attempt } = activity;
    return {
      ...{ inForce, input, header, userMetadata, links, heartbeat, workerSdk, startedAt, attempt },
      expiresAt: expirationTime(activity),
      executionAt: executionTime(activity),
      heartbeatAt: lastHeartbeatTime(activity),
      completedAt: lastAttemptCompleteTime(activity),
    };
  };

  test.each<[how: string, end: (stage: Stage) => Command]>([
    ['cancelled', (stage) => stage.requestCancel()],
    ['terminated', (stage) => stage.terminate()],
    ['timed out', (stage) => stage.at(1000).timeOut('schedule-to-close')],
  ])('when it was %s in a backoff', (_, end) => {
    const stage = full();
    const before = shown(stage);
    expect(before).toMatchObject({ startedAt: 0, heartbeatAt: 3, completedAt: 3, workerSdk: { name: 'temporal-go' } });
    expect(shown(stage.accept(end(stage)))).toEqual(before);
  });

  test('and why it was to be cancelled, however it ended', () => {
    const now = full();
    expect(canceledReason(now.activity)).toBeUndefined();
    expect(canceledReason(now.accept(now.requestCancel()).activity)).toBe('no longer needed');
    const later = standaloneIn('cancel-requested');
    expect(canceledReason(later.accept(later.complete()).activity)).toBe('no longer needed');
  });

  test('and when its last attempt ended', () => {
    const stage = standaloneIn('started').at(7);
    expect(lastAttemptCompleteTime(stage.activity)).toBeUndefined();
    expect(lastAttemptCompleteTime(stage.accept(stage.complete()).activity)).toBe(7);
  });

  test('and how often it has changed, heartbeats counted', () => {
    const stage = new Stage();
    const moves: ((of: Stage) => Command)[] = [
      (of) => of.schedule(),
      (of) => of.claim(),
      (of) => of.heartbeat(),
      (of) => of.pause(),
      (of) => of.complete(),
    ];
    const counts = moves.map((move) => stateTransitionCount(stage.accept(move(stage)).activity));
    expect(counts).toEqual([1, 2, 3, 4, 5]);
  });

  test('a reset forgets the last heartbeat, and not how many there were', () => {
    const stage = full();
    stage.accept(stage.reset({ resetHeartbeat: true }));
    expect(stage.activity.heartbeat).toEqual({ details: [], recordedAt: 0, count: 1 });
    expect(lastHeartbeatTime(stage.activity)).toBeUndefined();
  });

  test('a deleted one that stands in for a former run shows none of it', () => {
    const former = full();
    former.accept(former.terminate());
    former.target = { ...standalone, runId: 'run-2' };
    former.accept(former.schedule({ requestId: 'schedule-2' })).accept(former.delete());
    const left = former.state.activityByKey(executionKey(former.target));
    expect(left).toMatchObject({ deleted: true, input: [], header: {} });
    expect(left).not.toHaveProperty('heartbeat');
  });
});
