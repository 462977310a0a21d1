import type { Story } from './story.ts';

/** Which outcomes an activity of a kind may come to. */
export type ExpectedOutcomes = (kind: string) => RegExp;

/** What a rule says of a story that breaks it: nothing, or why. */
type Rule = (story: Story, expected: ExpectedOutcomes) => string | undefined;

const list = (values: Iterable<string | number>): string => [...values].join(', ');

const isLost: Rule = (story) => {
  if (!story.isAccepted || story.lives.size > 0) return undefined;
  return 'its start was acknowledged, and no topic knows of it';
};

const beganTwice: Rule = ({ lives }) =>
  lives.size < 2 ? undefined : `one start began it ${String(lives.size)} times, at the offsets ${list(lives)}`;

const hasNotEnded: Rule = (story) => {
  if (story.lives.size === 0 || story.endOffset !== undefined) return undefined;
  const status = story.states.at(-1)?.status ?? 'in no committed state';
  return `it has not ended: the last state is ${status}`;
};

const wasNotTold: Rule = (story) => {
  if (!story.isAccepted || story.endOffset === undefined || story.noted('told').length > 0) return undefined;
  return 'it has ended, and nobody who waited for that was told';
};

const endedTwice: Rule = (story) => {
  const ends = new Set(story.states.flatMap(({ offset, outcome }) => (outcome === undefined ? [] : [offset])));
  return ends.size < 2 ? undefined : `it ended ${String(ends.size)} times, by the commands at ${list(ends)}`;
};

const changedAfterItsEnd: Rule = ({ states }) => {
  const end = states.findIndex(({ outcome }) => outcome !== undefined);
  const after = end === -1 ? undefined : states.slice(end).find(({ outcome }) => outcome === undefined);
  return after === undefined ? undefined : `after its end it was ${after.status} again, by ${String(after.offset)}`;
};

/** Where an activity is open its states stand in one topic, and where it is closed in another one. */
const wentBack: Rule = ({ states }) => {
  for (const ofTopic of Map.groupBy(states, ({ outcome }) => outcome === undefined).values()) {
    const placed = ofTopic.toSorted((a, b) => a.place - b.place);
    const back = placed.find(({ offset }, index) => offset < (placed[index - 1]?.offset ?? -1));
    if (back !== undefined) return `its state by ${String(back.offset)} was committed behind a later one`;
  }
  return undefined;
};

const observersDisagree: Rule = (story) => {
  const outcomes = new Set([
    ...story.noted('told').map(({ outcome }) => outcome),
    ...story.known('outcome').map(({ outcome }) => outcome),
    ...story.states.flatMap(({ outcome }) => outcome ?? []),
  ]);
  return outcomes.size < 2 ? undefined : `different outcomes were told: ${list(outcomes)}`;
};

const endedUnexpectedly: Rule = (story, expected) => {
  const [asked] = story.noted('asked');
  const outcome = story.states.at(-1)?.outcome;
  if (asked === undefined || outcome === undefined || expected(asked.kind).test(outcome)) return undefined;
  return `${asked.kind} must come to ${String(expected(asked.kind))}, and came to: ${outcome}`;
};

/** The first pair of a list that has the same name. */
function repeated<T>(values: readonly T[], nameOf: (value: T) => string): string | undefined {
  const names = values.map(nameOf);
  return names.find((name, index) => names.indexOf(name) !== index);
}

const attemptName = ({ attempt, stamp }: { readonly attempt: number; readonly stamp: number }): string =>
  `attempt ${String(attempt)} (stamp ${String(stamp)})`;

const wasGrantedTwice: Rule = ({ grants }) => {
  const twice = repeated(grants, (grant) => `${attemptName(grant)} of the life at ${String(grant.scheduleOffset)}`);
  return twice === undefined ? undefined : `${twice} was granted to two claims`;
};

const ranTwice: Rule = (story) => {
  const twice = repeated(story.noted('ran'), attemptName);
  return twice === undefined ? undefined : `${twice} was run twice`;
};

const ranWithoutGrant: Rule = (story) => {
  const granted = new Set(story.grants.map(attemptName));
  const ran = story.noted('ran').find((each) => !granted.has(attemptName(each)));
  return ran === undefined ? undefined : `${ran.who} ran ${attemptName(ran)}, which no claim was granted`;
};

/** Nothing in a drill is reset, so each life counts its attempts 1, 2, 3, ... */
const skippedAttempts: Rule = ({ grants }) => {
  const attempts = grants.map(({ attempt }) => attempt);
  return attempts.every((attempt, index) => attempt === index + 1)
    ? undefined
    : `its attempts were granted in this order: ${list(attempts)}`;
};

const wasGrantedAfterItsEnd: Rule = ({ grants, endOffset = Infinity }) => {
  const late = grants.find(({ offset }) => offset > endOffset);
  return late === undefined ? undefined : `${attemptName(late)} was granted at ${String(late.offset)}, after the end`;
};

/**
 * A token is good from its grant to the grant of the next attempt, or the end. The same report of the same attempt may come
 * again: it is acknowledged, and changes nothing.
 */
const tookStaleToken: Rule = (story) => {
  const known = new Set<string>();
  for (const { offset, report, token, reportId } of story.known('accepted').toSorted((a, b) => a.offset - b.offset)) {
    if (token === undefined) continue;
    const name = reportId === undefined ? undefined : `${report} ${reportId} ${attemptName(token)}`;
    if (name !== undefined && known.has(name)) continue;
    if (name !== undefined) known.add(name);
    const before = story.grants.filter(
      (grant) => grant.offset < offset && grant.scheduleOffset === token.scheduleOffset,
    );
    const what = `${report} of ${attemptName(token)} was accepted at ${String(offset)}`;
    if (!before.some((grant) => attemptName(grant) === attemptName(token))) return `${what}, before any grant of it`;
    const next = before.find(({ attempt }) => attempt > token.attempt);
    if (next !== undefined) return `${what}, after attempt ${String(next.attempt)} was granted`;
  }
  return undefined;
};

/** A report with an id of its own may be repeated: it is acknowledged again, and changes nothing. */
const tookReportAfterItsEnd: Rule = (story) => {
  const { endOffset = Infinity } = story;
  const accepted = story.known('accepted');
  const known = new Set(accepted.flatMap(({ offset, reportId = '' }) => (offset <= endOffset ? [reportId] : [])));
  const late = accepted.find(({ offset, reportId }) => offset > endOffset && !known.has(reportId ?? ' '));
  return late === undefined ? undefined : `${late.report} was accepted at ${String(late.offset)}, after the end`;
};

const lostDetails: Rule = (story) => {
  for (const ran of story.noted('ran')) {
    const acknowledged = beatsBefore(story, 'beat', ran.attempt);
    const sent = beatsBefore(story, 'beating', ran.attempt);
    const found = `attempt ${String(ran.attempt)} was given ${ran.beat === undefined ? 'no details' : `those of beat ${String(ran.beat)}`}`;
    if ((ran.beat ?? -1) < Math.max(-1, ...acknowledged))
      return `${found}, and beat ${String(Math.max(...acknowledged))} was acknowledged before`;
    if (ran.beat !== undefined && !sent.includes(ran.beat)) return `${found}, which no earlier attempt had sent`;
  }
  return undefined;
};

const beatsBefore = (story: Story, note: 'beat' | 'beating', attempt: number): readonly number[] =>
  story.noted(note).flatMap((each) => (each.attempt < attempt ? [each.beat] : []));

/** What was acknowledged decides the outcome: nothing else can have been acknowledged before it or after it. */
const brokeItsWord: Rule = (story) => {
  const outcome = story.states.at(-1)?.outcome ?? '';
  for (const { answer, value = '', ...rest } of [...story.noted('reported'), ...story.noted('requested')]) {
    if (answer !== 'acknowledged' || outcome === '') continue;
    const what = 'report' in rest ? rest.report : rest.request;
    if (what === 'complete' && outcome !== `completed: ${value}`)
      return `a completion with ${value} was acknowledged, and the outcome is ${outcome}`;
    if (what === 'terminate' && !outcome.startsWith('terminated:'))
      return `a termination was acknowledged, and the outcome is ${outcome}`;
  }
  return undefined;
};

const beganEarly: Rule = (story) => {
  const delayMs = Math.max(0, ...story.noted('asked').map(({ startDelayMs }) => startDelayMs));
  const [first] = story.grants;
  const [state] = story.states;
  if (first === undefined || state === undefined) return undefined;
  const afterMs = first.startedAt - state.scheduledAt;
  return afterMs >= delayMs
    ? undefined
    : `it began after ${String(afterMs)} ms, with a start delay of ${String(delayMs)}`;
};

/** Promises P1 to P6, as the world sees them. */
export const rules = {
  lost: isLost,
  'began-twice': beganTwice,
  'not-ended': hasNotEnded,
  'not-told': wasNotTold,
  'ended-twice': endedTwice,
  'changed-after-end': changedAfterItsEnd,
  'went-back': wentBack,
  disagreement: observersDisagree,
  'unexpected-outcome': endedUnexpectedly,
  'granted-twice': wasGrantedTwice,
  'ran-twice': ranTwice,
  'ran-without-grant': ranWithoutGrant,
  'attempts-not-contiguous': skippedAttempts,
  'granted-after-end': wasGrantedAfterItsEnd,
  'stale-token-accepted': tookStaleToken,
  'report-after-end': tookReportAfterItsEnd,
  'details-lost': lostDetails,
  'word-broken': brokeItsWord,
  'began-early': beganEarly,
} as const satisfies Readonly<Record<string, Rule>>;
