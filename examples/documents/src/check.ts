import { isDeepStrictEqual, inspect } from 'node:util';
import type { Fingerprints } from './documents.ts';
import type { Expectation, Observation } from './outcome.ts';

/** One thing that is not as it must be. */
export interface Disagreement {
  readonly activity: string;
  /** A sentence. */
  readonly reason: string;
}

/** One question, asked of all activities. */
export interface Check {
  /** What was compared with what. */
  readonly title: string;
  readonly checkedCount: number;
  readonly disagreements: readonly Disagreement[];
}

export interface Checkable {
  readonly observation: Observation;
  readonly expectation: Expectation;
}

/** Says why an activity is not as it must be; `undefined` when it is. */
type Question = (checkable: Checkable) => string | undefined;

const show = (value: unknown): string => inspect(value, { breakLength: Infinity, depth: 5, maxStringLength: 200 });

const sameOutcome: Question = ({ observation: { outcome }, expectation }) =>
  isDeepStrictEqual(outcome, expectation.outcome)
    ? undefined
    : `Expected to end with ${show(expectation.outcome)}, but it ended with ${show(outcome)}`;

const plannedAttempts: Question = ({ observation: { described }, expectation: { attempts } }) =>
  described.attempt >= attempts.min && described.attempt <= attempts.max
    ? undefined
    : `Expected to take ${String(attempts.min)} to ${String(attempts.max)} attempts, but it took ${String(described.attempt)}`;

/** Attempts count from 1 without a gap, and none is granted twice. */
const eachAttemptOnce: Question = ({ observation: { described, attemptsRun }, expectation: { runs } }) => {
  const granted = Array.from({ length: described.attempt }, (_, index) => index + 1);
  const witnessed = granted.filter((attempt) => attemptsRun.includes(attempt));
  const expected = { all: granted, some: witnessed.length > 0 ? witnessed : granted, none: [] }[runs];
  if (isDeepStrictEqual(attemptsRun, expected)) return undefined;
  return `Expected to run attempts ${show(expected)}, once each, but workers ran ${show(attemptsRun)}`;
};

const sameAgain: Question = ({ observation: { outcome, outcomeAgain } }) =>
  isDeepStrictEqual(outcome, outcomeAgain)
    ? undefined
    : `Expected to have one outcome, but it was ${show(outcome)} and then ${show(outcomeAgain)}`;

const describedAs: Question = ({ observation: { outcome, described } }) =>
  described.status === outcome.status
    ? undefined
    : `Expected to be described as ${outcome.status}, but it is described as ${described.status}`;

const questions: readonly (readonly [title: string, question: Question])[] = [
  ['outcome equals the direct computation', sameOutcome],
  ['attempts are as many as failures were planned', plannedAttempts],
  ['no attempt ran twice and none was left out, by the journals of the workers', eachAttemptOnce],
  ['the outcome is the same when asked for again', sameAgain],
  ['description and outcome agree', describedAs],
];

/** Asks every question of every activity. */
export const checkAll = (checkables: readonly Checkable[]): readonly Check[] => [
  ...questions.map(([title, question]) => ({
    title,
    checkedCount: checkables.length,
    disagreements: checkables.flatMap((checkable) => {
      const reason = question(checkable);
      return reason === undefined ? [] : [{ activity: nameOf(checkable), reason }];
    }),
  })),
  checkDistinctIds(checkables),
];

const nameOf = ({ observation: { name, activityId } }: Checkable): string => `${name} (${activityId})`;

/** No activity may stand for two. */
function checkDistinctIds(checkables: readonly Checkable[]): Check {
  const byId = Map.groupBy(checkables, ({ observation }) => observation.activityId);
  const shared = [...byId.values()].filter((same) => same.length > 1).flat();
  return {
    title: 'no id stands for two activities',
    checkedCount: checkables.length,
    disagreements: shared.map((checkable) => ({
      activity: nameOf(checkable),
      reason: 'Expected to have an id of its own, but another activity has the same',
    })),
  };
}

/** What is known of the walk's crash, from outside of the walk. */
export interface WalkCrash {
  /** The last position that Ratchet had recorded when the worker was killed. */
  readonly recordedPosition: number;
  readonly killedPid: number;
}

/** The next attempt went on where the heartbeat details say, in another process, and not from the start. */
export function checkResumption(
  { recordedPosition, killedPid }: WalkCrash,
  walk: { readonly resumedAt: number; readonly pid: number; readonly documentCount: number },
): Check {
  const reasons: string[] = [];
  const expected = `go on at ${String(recordedPosition)} or later, before the last of ${String(walk.documentCount)} documents`;
  const resumed = walk.resumedAt >= recordedPosition && walk.resumedAt > 0 && walk.resumedAt < walk.documentCount;
  if (!resumed) reasons.push(`Expected to ${expected}, but it went on at ${String(walk.resumedAt)}`);
  if (walk.pid === killedPid) {
    reasons.push(`Expected to go on in another process, but it went on in ${String(walk.pid)}, which was killed`);
  }
  return {
    title: 'the walk went on from its heartbeat details in another process',
    checkedCount: 1,
    disagreements: reasons.map((reason) => ({ activity: 'walk', reason })),
  };
}

/** The input must stand still: else nobody can say what the right results are. */
export function checkUnchanged(before: Fingerprints, after: Fingerprints): Check {
  const paths = new Set([...before.keys(), ...after.keys()]);
  const changed = [...paths].filter((path) => before.get(path) !== after.get(path));
  return {
    title: 'no document changed while the demo ran',
    checkedCount: before.size,
    disagreements: changed.map((path) => ({
      activity: path,
      reason:
        'Expected to stay as it was, but someone changed it: what is said of it does not count, run the demo again',
    })),
  };
}
