import { isClosed, type Activity, type OpenStatus } from '../activity.ts';
import type { Command } from '../command.ts';
import { ways } from '../commands.fixture.ts';
import { applicationFailure, openRun, Stage, workflowRun } from '../stage.fixture.ts';
import { inRunIn, standaloneIn, stateNames, type StateName } from '../states.fixture.ts';
import { invariant, InvariantError } from '../units.ts';
import type { WorkflowRun } from '../workflow-run.ts';
import { assertActivityStep, assertRunStep, nextStatuses } from './transition-rules.ts';

type Send = (stage: Stage) => Command;

/** From a state, what a command makes of the activity; nothing where it stays as it was or another life has begun. */
function stepOf(stage: Stage, send: Send, laterMs = 0): readonly [Activity, Activity] | undefined {
  const before = stage.found;
  stage.at(stage.now + laterMs).send(send(stage));
  const after = stage.found;
  if (before === undefined || after === undefined || after === before) return undefined;
  return before.scheduleOffset === after.scheduleOffset ? [before, after] : undefined;
}

const failsForGood: Send = (stage) => stage.fail(applicationFailure('final', { nonRetryable: true }));
const sent: readonly { readonly send: Send; readonly laterMs?: number }[] = [
  ...Object.values(ways),
  { send: failsForGood },
];

test('what may follow a status is just what commands bring about', () => {
  const seen = new Map<OpenStatus, Set<Activity['status']>>();
  for (const stageIn of [standaloneIn, inRunIn, pausedAndReset])
    for (const state of stateNames)
      for (const { send, laterMs } of sent) {
        const [before, after] = stepOf(stageIn(state), send, laterMs) ?? [];
        if (before === undefined || after === undefined || isClosed(before)) continue;
        const known = seen.get(before.status) ?? new Set();
        seen.set(before.status, known.add(after.status));
      }
  const inOrder = (all: Iterable<readonly [string, ReadonlySet<string>]>) =>
    Object.fromEntries(Array.from(all, ([status, next]) => [status, [...next].sort()]));
  expect(inOrder(seen)).toEqual(inOrder(Object.entries(nextStatuses)));
});

/** A reset that is to keep a pause leads to another state than one that is not. */
function pausedAndReset(state: StateName): Stage {
  const stage = standaloneIn(state);
  if (state === 'pause-requested') stage.accept(stage.reset({ keepPaused: true }));
  return stage;
}

const scheduled = (): Activity => standaloneIn('scheduled').activity;
const started = (): Activity => standaloneIn('started').activity;

test.each<{ what: string; before: Activity | undefined; after: Activity; message: RegExp }>([
  { what: 'begins as started', before: undefined, after: started(), message: /to begin as scheduled, .* from nothing/ },
  {
    what: 'changes when it has closed',
    before: standaloneIn('completed').activity,
    after: scheduled(),
    message: /stay as it closed/,
  },
  {
    what: 'is retried when it was cancelled',
    before: standaloneIn('cancel-requested').activity,
    after: scheduled(),
    message: /what may follow cancel-requested/,
  },
  {
    what: 'is of another life',
    before: scheduled(),
    after: { ...scheduled(), scheduleOffset: 9 },
    message: /same life/,
  },
])('an activity that $what is an error that says so', ({ before, after, message }) => {
  const step = (): void => {
    assertActivityStep(before, after);
  };
  expect(step).toThrow(InvariantError);
  expect(step).toThrow(message);
});

/** What an activity in a state becomes, when a step changes these fields. */
const brokenBy = (state: StateName, fields: Readonly<Record<string, unknown>>) => (): void => {
  const before = standaloneIn(state).activity;
  assertActivityStep(before, { ...before, ...fields });
};

test.each<[string, StateName, Readonly<Record<string, unknown>>, RegExp]>([
  ['claim', 'started', { claimId: 'other' }, /to keep the claim that was granted/],
  ['stamp', 'started', { stamp: 9 }, /to run the attempt that was dispatched/],
  ['grant', 'backing off', { status: 'started' }, /to be granted only when it was dispatched/],
  ['attempt', 'scheduled', { attempt: 3, stamp: 9 }, /to go on with the next attempt/],
  ['pause', 'scheduled', { status: 'paused' }, /to have a new stamp/],
  ['dispatch', 'delayed', { dispatchedAt: 49 }, /to be dispatched when it is due/],
  ['outcome', 'started', { status: 'failed', outcome: { type: 'success', result: [] } }, /to have the outcome of its/],
  ['ending', 'started', { status: 'canceled' }, /to become what may follow started/],
])('a wrong %s is an error that names the activity, where it was and where it went', (_, state, fields, message) => {
  const step = brokenBy(state, fields);
  expect(step).toThrow(message);
  expect(step).toThrow(
    /^Expected activity default\/\/run-1\/charge to .*, but it became .*version \d+\) from .*version \d+\)$/,
  );
});

test('a run never goes back, and has an ending exactly when it is closed', () => {
  const open = new Stage().accept(openRun()).state.run(workflowRun);
  invariant(open !== undefined, 'the run was not opened');
  const cases: readonly [WorkflowRun | undefined, WorkflowRun, RegExp][] = [
    [open, { ...open, status: 'closed' }, /to have an ending if it is closed, and else none/],
    [open, { ...open, status: 'cancel-requested' }, /to know who asked to cancel it/],
    [open, { ...open, id: { ...open.id } }, /to stay the same run, but it became open \(version 0\)/],
    [{ ...open, status: 'cancel-requested' }, open, /what may follow cancel-requested/],
    [{ ...open, status: 'closed' }, open, /what may follow closed/],
  ];
  for (const [before, after, message] of cases) {
    expect(() => {
      assertRunStep(before, after);
    }).toThrow(message);
  }
});
