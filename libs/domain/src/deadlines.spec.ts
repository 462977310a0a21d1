import type { RunningActivity } from './activity.ts';
import { deadlines, firstDeadline, heartbeatDeadline } from './deadlines.ts';
import { options, Stage } from './stage.fixture.ts';
import { standaloneIn, type StateName } from './states.fixture.ts';
import { epochMillis, millis } from './units.ts';

// Semantics sections 2.1 and 2.6.

const taskRetentionMs = millis(601);

test.each<{ state: StateName; due: Record<string, number> }>([
  { state: 'delayed', due: { dispatch: 50, 'schedule-to-start': 80, 'schedule-to-close': 1050 } },
  { state: 'scheduled', due: { redispatch: 300, 'schedule-to-start': 30, 'schedule-to-close': 1000 } },
  { state: 'backing off', due: { dispatch: 10, 'schedule-to-start': 40, 'schedule-to-close': 1000 } },
  { state: 'started', due: { 'start-to-close': 100, heartbeat: 40, 'schedule-to-close': 1000 } },
  { state: 'cancel-requested', due: { 'start-to-close': 100, heartbeat: 40, 'schedule-to-close': 1000 } },
  { state: 'pause-requested', due: { 'start-to-close': 100, heartbeat: 40, 'schedule-to-close': 1000 } },
  { state: 'reset-requested', due: { 'start-to-close': 100, heartbeat: 40, 'schedule-to-close': 1000 } },
  { state: 'paused', due: { 'schedule-to-close': 1000 } },
  { state: 'completed', due: { expire: 5000 } },
  { state: 'timed-out', due: { expire: 5030 } },
])('$state', ({ state, due }) => {
  const { activity, timer } = standaloneIn(state);
  const all = deadlines(activity, taskRetentionMs);
  expect(Object.fromEntries(all.map(({ type, at }) => [type, at]))).toEqual(due);
  for (const deadline of all) expect(deadline.timer).toEqual(timer);
  const instants = all.flatMap(({ type, at }) => (type === 'redispatch' ? [] : [at]));
  expect(firstDeadline(activity)).toBe(Math.min(...instants));
});

test('what has no limit has no deadline', () => {
  const stage = new Stage();
  stage.accept(stage.schedule({ options: { taskQueue: 'mail', startToCloseTimeoutMs: 100 } }));
  expect(deadlines(stage.activity, taskRetentionMs).map(({ type }) => type)).toEqual(['redispatch']);
  expect(firstDeadline(stage.activity)).toBe(Infinity);
  stage.accept(stage.claim());
  expect(deadlines(stage.activity, taskRetentionMs).map(({ type }) => type)).toEqual(['start-to-close']);
});

test('the heartbeat deadline follows the later of start and heartbeat, wherever that is learned', () => {
  const running = standaloneIn('started').accept(new Stage().heartbeat()).activity as RunningActivity;
  const without = { ...running, options: { ...running.options, heartbeatTimeoutMs: millis(0) } };
  const startedLate = { ...running, startedAt: epochMillis(70) };
  expect(heartbeatDeadline(running)).toBe(40);
  expect(heartbeatDeadline(running, epochMillis(25))).toBe(65);
  expect(heartbeatDeadline(startedLate, epochMillis(25))).toBe(110);
  expect(heartbeatDeadline(without, epochMillis(25))).toBeUndefined();
});

test('a proposal at its deadline is never early for the rules, and one before always is', () => {
  const states: readonly StateName[] = ['delayed', 'scheduled', 'backing off', 'started', 'paused'];
  for (const state of states) {
    for (const { type, at, timer } of deadlines(standaloneIn(state).activity, taskRetentionMs)) {
      if (type === 'expire' || type === 'redispatch') continue;
      const stage = standaloneIn(state).at(at - 1);
      const proposal = type === 'dispatch' ? stage.dispatchDue(timer) : stage.timeOut(type, timer);
      expect(stage.refusal(proposal)).toMatch(/^not-due/);
      expect(stage.at(at).refusal(proposal)).toBe('accepted');
    }
  }
});

test('a schedule-to-close of 0 is unlimited, though other limits hold', () => {
  const stage = new Stage();
  stage.accept(stage.schedule({ options: { ...options, scheduleToCloseTimeoutMs: 0 } }));
  expect(deadlines(stage.activity, taskRetentionMs).map(({ type }) => type)).toEqual([
    'redispatch',
    'schedule-to-start',
  ]);
});
