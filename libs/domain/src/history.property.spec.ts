import fc from 'fast-check';
import { isClosed, type Activity, type OpenActivity } from './activity.ts';
import type { Command, CommandOf } from './command.ts';
import type { Effect } from './decision.ts';
import { dump, History, moves, nextDeadlines, proposalOf, replay, type Move, type Step } from './history.fixture.ts';
import { PartitionState } from './partition-state.ts';
import type { Payloads } from './payload.ts';
import { currentRules } from './rules.ts';
import { inRun, openRun, Stage, standalone } from './stage.fixture.ts';
import { StoredState } from './stored-state.fixture.ts';
import { epochMillis } from './units.ts';

// The promises of the architecture, each over histories of one activity id: alone, and in a workflow run.

const targets = fc.constantFrom(standalone, inRun);
const histories = (check: (history: History) => void, numRuns = 200): void => {
  fc.assert(
    fc.property(targets, moves, (target, played: readonly Move[]) => {
      check(new History(new Stage(target)).play(played));
    }),
    { numRuns },
  );
};

const accepted = ({ steps }: History): readonly Step[] => steps.filter(({ decision }) => decision.kind === 'accepted');
const effectsOf = ({ decision }: Step): readonly Effect[] => (decision.kind === 'accepted' ? decision.effects : []);

/** A reset took effect, at once or at the end of the attempt that ran. */
const isRestart = ({ command, before, after }: Pick<Step, 'command' | 'before' | 'after'>): boolean =>
  (command.type === 'Reset' || before?.status === 'reset-requested') &&
  (after?.status === 'scheduled' || after?.status === 'paused');

/** One attempt of one life of one reset: what a token names. */
const attemptKey = (activity: Activity): string =>
  `${String(activity.scheduleOffset)}/${'stamp' in activity ? String(activity.stamp) : 'closed'}`;

test('P1: what is closed never changes again, until it is gone or its id is used again', () => {
  histories((history) => {
    for (const { before, after, command } of history.steps) {
      if (before === undefined || !isClosed(before) || after === before) continue;
      if (command.type === 'Delete') {
        expect(after).toBeUndefined();
        continue;
      }
      expect(command.type).toBe('Schedule');
      expect(after).toMatchObject({ status: 'scheduled', attempt: 1 });
      expect(after?.scheduleOffset).toBeGreaterThan(before.scheduleOffset);
    }
  });
});

test('P1: when every deadline is proposed, an accepted activity ends, once', () => {
  histories((history) => {
    const { stage } = history;
    for (let proposals = 0; stage.found !== undefined && !isClosed(stage.found); proposals++) {
      expect(proposals).toBeLessThan(200);
      const [next] = nextDeadlines(stage.found);
      if (next === undefined) throw new Error('an open activity without a deadline');
      stage.at(Math.max(stage.now, next.at));
      history.send(proposalOf(stage, next));
    }
    const closings = new Map<number, number>();
    for (const step of history.steps) {
      const isClosing = effectsOf(step).some(({ type }) => type === 'Outcome');
      if (!isClosing || step.after === undefined) continue;
      const { scheduleOffset } = step.after;
      closings.set(scheduleOffset, (closings.get(scheduleOffset) ?? 0) + 1);
    }
    for (const count of closings.values()) expect(count).toBe(1);
  });
});

test('P2: an attempt is granted to one claim, and only when it was dispatched', () => {
  histories((history) => {
    const grants = new Map<string, string>();
    for (const { command, decision, before } of accepted(history)) {
      if (command.type !== 'Claim' || decision.kind !== 'accepted' || before === undefined) continue;
      const key = attemptKey(before);
      expect(grants.get(key) ?? command.claimId).toBe(command.claimId);
      if (!grants.has(key))
        expect(before).toMatchObject({ status: 'scheduled', dispatchedAt: expect.any(Number) as number });
      grants.set(key, command.claimId);
    }
  });
});

test('P2: attempts are contiguous from 1; only a reset goes back, and every one has a stamp of its own', () => {
  histories((history) => {
    for (const { before, after, command } of history.steps) {
      if (after === undefined || after === before) continue;
      if (before?.scheduleOffset !== after.scheduleOffset) {
        expect(after.attempt).toBe(1);
        continue;
      }
      const isRestarted = isRestart({ command, before, after });
      if (after.attempt === before.attempt && !isRestarted) continue;
      expect(after.attempt).toBe(isRestarted ? 1 : before.attempt + 1);
      if ('stamp' in after && 'stamp' in before) expect(after.stamp).toBeGreaterThan(before.stamp);
    }
  });
});

test('P2: a task is sent once for every stamp', () => {
  histories((history) => {
    const sent = new Set<string>();
    for (const step of accepted(history)) {
      if (!effectsOf(step).some(({ type }) => type === 'Task') || step.after === undefined) continue;
      const key = attemptKey(step.after);
      expect(sent.has(key)).toBe(false);
      sent.add(key);
    }
  });
});

/** How long the rules make a failed attempt wait, reckoned anew. */
function waitMsAfter({ options, attempt }: OpenActivity, { failure }: CommandOf<'Fail'>): number {
  const askedMs = failure?.info.type === 'application' ? (failure.info.nextRetryDelayMs ?? 0) : 0;
  if (askedMs > 0) return askedMs;
  let intervalMs: number = options.retryPolicy.initialIntervalMs;
  for (let count = 1; count < attempt; count++) intervalMs *= options.retryPolicy.backoffCoefficient;
  return Math.min(intervalMs, options.retryPolicy.intervalMsMax);
}

test('a retry is due when its policy or its worker says, and before the whole time is over', () => {
  histories((history) => {
    for (const { command, context, before, after } of accepted(history)) {
      if (command.type !== 'Fail' || before === undefined || after === undefined || isClosed(before)) continue;
      if (isClosed(after) || after.attempt !== before.attempt + 1) continue;
      expect(after.dispatchAt).toBe(context.now + waitMsAfter(before, command));
      const { scheduleToCloseTimeoutMs, startDelayMs } = before.options;
      expect(after.dispatchAt).toBeLessThan(before.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs);
    }
  });
});

test('no attempt is numbered beyond its maximum', () => {
  histories((history) => {
    for (const { before, after } of history.steps) {
      if (after === undefined || isClosed(after) || after.attempt === before?.attempt) continue;
      const { attemptsMax } = after.options.retryPolicy;
      if (attemptsMax > 0) expect(after.attempt).toBeLessThanOrEqual(attemptsMax);
    }
  });
});

/** The instant before which a timer must not act, reckoned anew from what the activity says. */
function dueAt(activity: Activity, command: Command): number {
  if (isClosed(activity)) return Infinity;
  const { options, scheduledAt, dispatchAt } = activity;
  if (command.type === 'DispatchDue') return dispatchAt;
  if (command.type !== 'TimeOut') return 0;
  const start = 'startedAt' in activity ? activity.startedAt : Infinity;
  const limits = {
    'schedule-to-close': scheduledAt + options.startDelayMs + options.scheduleToCloseTimeoutMs,
    'schedule-to-start': dispatchAt + options.scheduleToStartTimeoutMs,
    'start-to-close': start + options.startToCloseTimeoutMs,
    heartbeat: Math.max(start, activity.heartbeat?.recordedAt ?? 0) + options.heartbeatTimeoutMs,
  };
  return limits[command.timeoutType];
}

test('P3: no timer acts early, and none of an attempt that is over', () => {
  histories((history) => {
    for (const { command, before, context } of accepted(history)) {
      if (command.type !== 'TimeOut' && command.type !== 'DispatchDue' && command.type !== 'Redispatch') continue;
      if (before === undefined || isClosed(before)) throw new Error(`${command.type} acted on nothing`);
      expect(context.now).toBeGreaterThanOrEqual(dueAt(before, command));
      expect(command.timer.scheduleOffset).toBe(before.scheduleOffset);
      if (command.type === 'TimeOut' && command.timeoutType === 'schedule-to-close') continue;
      expect(command.timer).toEqual({
        scheduleOffset: before.scheduleOffset,
        attempt: before.attempt,
        stamp: before.stamp,
      });
    }
  });
});

test('P4: no token of another attempt, reset or life is accepted, but for what was reported before', () => {
  histories((history) => {
    for (const step of accepted(history)) {
      const { command, before } = step;
      if (!('attempt' in command) || command.attempt.by !== 'token') continue;
      if (isRepeatedReport(step)) continue;
      if (before === undefined || isClosed(before)) throw new Error(`${command.type} was accepted for nothing`);
      const { scheduleOffset, attempt, stamp } = before;
      expect(command.attempt).toEqual({ by: 'token', scheduleOffset, attempt, stamp });
    }
  });
});

/** Acknowledged, and nothing else. */
const isRepeatedReport = ({ command, decision }: Step): boolean =>
  'reportId' in command && decision.kind === 'accepted' && decision.change.length === 0;

const isCancelRequest = (effect: Effect): boolean => effect.type === 'Notice' && effect.reason === 'cancel-requested';

test('a report that has an id counts once in a life, and in the next', () => {
  fc.assert(
    fc.property(targets, moves, (target, played) => {
      const counted = new Set<string>();
      for (const step of accepted(new History(new Stage(target), false).play(played))) {
        const { command } = step;
        if (!('reportId' in command)) continue;
        expect(counted.has(command.reportId)).toBe(isRepeatedReport(step));
        counted.add(command.reportId);
      }
    }),
    { numRuns: 200 },
  );
});

test('P5: at most one cancel request reaches a life, and it is never taken back', () => {
  histories((history) => {
    const reached = new Set<number>();
    for (const step of accepted(history)) {
      const { before, after } = step;
      if (before?.status === 'cancel-requested' && after !== undefined && !isClosed(after)) {
        expect(after).toMatchObject({ status: 'cancel-requested', cancel: before.cancel });
      }
      if (!effectsOf(step).some(isCancelRequest) || after === undefined) continue;
      expect(reached.has(after.scheduleOffset)).toBe(false);
      reached.add(after.scheduleOffset);
    }
  });
});

/** The details that must be known after a step, given those before it. */
function detailsAfter({ command, before, after }: Step, details: Payloads, forgets: boolean): Payloads {
  if (before?.scheduleOffset !== after?.scheduleOffset) return [];
  if (command.type === 'RecordHeartbeat') return command.details;
  if (forgets && isRestart({ command, before, after })) return [];
  return command.type === 'Fail' ? (command.lastHeartbeatDetails ?? details) : details;
}

test('P6: the last recorded heartbeat details are there for the next attempt, until a reset forgets them', () => {
  histories((history) => {
    let details: Payloads = [];
    let forgets = false;
    for (const step of accepted(history)) {
      const { command, before, after } = step;
      if (after === undefined || after === before) continue;
      if (command.type === 'Reset') forgets = command.resetHeartbeat;
      details = detailsAfter(step, details, forgets);
      if (!isClosed(after)) expect(after.heartbeat?.details ?? []).toEqual(details);
    }
  });
});

test('a repeated command does not change the state a second time', () => {
  histories((history) => {
    const { stage } = history;
    const last = history.steps.at(-1);
    // A heartbeat is a sign of life: the second is a second sign. Expiry goes on where its count stopped it.
    if (last === undefined || last.command.type === 'RecordHeartbeat' || last.command.type === 'ExpireBefore') return;
    const once = dump(stage.state);
    stage.send(last.command);
    expect(dump(stage.state)).toEqual(once);
  }, 300);
});

test('a late repetition of what was accepted of an attempt, a life or an ending does nothing', () => {
  const types = ['Schedule', 'Claim', 'Complete', 'Fail', 'ReportCanceled', 'RequestCancel', 'Terminate'];
  const timers = ['TimeOut', 'DispatchDue', 'Redispatch'];
  fc.assert(
    fc.property(moves, (played) => {
      const history = new History(new Stage(), false).play(played);
      const once = dump(history.stage.state);
      for (const { command } of accepted(history)) {
        const isOfAttempt = !('attempt' in command) || command.attempt.by === 'token' || command.type === 'Complete';
        // A late USE_EXISTING uses what exists by then, so it is remembered there.
        const usesExisting = command.type === 'Schedule' && command.idConflictPolicy === 'use-existing';
        if ([...types, ...timers].includes(command.type) && isOfAttempt && !usesExisting) history.stage.send(command);
      }
      expect(dump(history.stage.state)).toEqual(once);
    }),
    { numRuns: 150 },
  );
});

test('P7: replaying from any snapshot, loaded in any order, gives the same decisions and the same state', () => {
  fc.assert(
    fc.property(targets, moves, fc.nat({ max: 60 }), fc.nat(), (target, played, cut, seed) => {
      const history = new History(new Stage(target));
      history.play(played.slice(0, cut));
      const { length } = history.steps;
      const restored = restoredFrom(history.stage.state, seed);
      history.play(played.slice(cut));
      const rest = history.steps.slice(length);
      expect(replay(restored, rest)).toEqual(rest.map(({ decision }) => decision));
      expect(dump(restored)).toEqual(dump(history.stage.state));
    }),
    { numRuns: 150 },
  );
});

test('P7: a state in a store decides as one in memory, whatever is sealed, committed, written, lost or compacted', () => {
  const steps = fc.array(fc.tuple(fc.nat({ max: 9 }), fc.nat()), { maxLength: 80 });
  fc.assert(
    fc.property(targets, moves, steps, (target, played, between) => {
      const { steps: decided, stage } = new History(new Stage(target)).play(played);
      const stored = new StoredState();
      let opening = target.workflowId === '' ? [] : [openRun()];
      decided.forEach(({ command, context, decision }, index) => {
        for (const open of opening) stored.decide(open, { ...context, now: epochMillis(0), offset: 0 });
        opening = [];
        expect(stored.decide(command, context)).toEqual(decision);
        const [action, seed] = between[index] ?? [0, 0];
        stored.happens(action, seed);
      });
      if (decided.length === 0) return;
      stage.state.restoreRules(stored.state.rules);
      expect(dump(stored.state)).toEqual(dump(stage.state));
      stored.settle();
      stored.restartFromCompacted(1);
      expect(dump(stored.state)).toEqual(dump(stage.state));
    }),
    { numRuns: 30, endOnFailure: true },
  );
});

test('what is open stands in one topic, what is closed in the other, whole, and nothing in both', () => {
  const steps = fc.array(fc.nat({ max: 8 }), { maxLength: 80 });
  let closedCount = 0;
  fc.assert(
    fc.property(targets, moves, steps, fc.nat(), (target, played, between, rulesAt) => {
      const { steps: decided, stage } = new History(new Stage(target)).play(played);
      const stored = new StoredState();
      if (target.workflowId !== '') stored.decide(openRun(), { now: epochMillis(0), offset: 0, rules: currentRules });
      decided.forEach(({ command, context }, index) => {
        if (index >= rulesAt % 40) stored.useRules();
        stored.decide(command, context);
        stored.happens(between[index] ?? 1, 0);
      });
      stored.useRules();
      for (let left = 30; left > 0; left--) stored.settle();
      const [open, closed] = [stored.compacted('executions'), stored.compacted('outcomes')];
      const all = new Map(stage.state.activities());
      const ofKind = (isWanted: boolean): string[] =>
        [...all].filter(([, activity]) => isClosed(activity) === isWanted).map(([key]) => key);
      const keysOf = (records: typeof open): string[] =>
        [...records].filter(([key]) => key.split('/').length === 4).map(([key]) => key);
      expect(keysOf(open).sort()).toEqual(ofKind(false));
      expect(keysOf(closed).sort()).toEqual(ofKind(true));
      for (const key of ofKind(true)) {
        expect(closed.get(key)).toEqual({ type: 'ActivitySnapshot', activity: all.get(key) });
        expect([open.has(`${key}/#input`), open.has(`${key}/#heartbeat`)]).toEqual([false, false]);
        closedCount++;
      }
    }),
    { numRuns: 40, endOnFailure: true },
  );
  expect(closedCount).toBeGreaterThan(10);
});

/** A state made of the other's entities, in an order that the seed gives. */
function restoredFrom(state: PartitionState, seed: number): PartitionState {
  const restored = new PartitionState();
  const loads = [
    ...[...state.activities()].map(([, activity]) => () => {
      restored.restoreActivity(activity);
    }),
    ...[...state.runs()].flatMap(([, run, signals]) => [
      () => {
        restored.restoreRun(run);
      },
      ...signals.map((signal) => () => {
        restored.restoreSignal(run.id, signal);
      }),
    ]),
  ];
  for (let left = loads.length; left > 0; left--) loads.splice((seed * 31 + left) % left, 1)[0]?.();
  return restored;
}

test('the indexes agree with what is there', () => {
  histories(({ stage: { state, target, now } }) => {
    const all = [...state.activities()].map(([, activity]) => activity);
    const ofId = all.filter(({ id }) => id.workflowId === '' && id.activityId === target.activityId);
    const latest = ofId.toSorted((one, other) => other.scheduleOffset - one.scheduleOffset)[0];
    expect(state.latestRunId(target.namespace, target.activityId)).toBe(latest?.id.runId);
    const open = all.filter((activity) => activity.id.workflowId !== '' && !isClosed(activity));
    expect([...state.openActivityIds(inRun)]).toEqual(open.map(({ id }) => id.activityId));
    const expired = all
      .filter(isClosed)
      .filter(({ expiresAt }) => expiresAt <= now)
      .toSorted((one, other) => one.expiresAt - other.expiresAt || one.version - other.version);
    expect(state.expired(now, 100).activities).toEqual(expired.map(({ id }) => id));
  });
});
