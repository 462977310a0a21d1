import type { Check } from './check.ts';
import type { Observation, Outcome } from './outcome.ts';
import { formatMs, formatTable } from './table.ts';

/** Activities that share a line of the closing table. */
export interface Group {
  readonly title: string;
  readonly observations: readonly Observation[];
  /** Said behind the outcome. */
  readonly remark?: string;
}

/** The closing table: a line per group with its outcomes, attempts and times. */
export const formatSummary = (groups: readonly Group[]): string =>
  formatTable(['activity', 'outcome', 'attempts', 'time'], groups.map(rowOf));

function rowOf({ title, observations, remark }: Group): readonly string[] {
  const outcomes = outcomesOf(observations);
  return [
    title,
    remark === undefined ? outcomes : `${outcomes}, ${remark}`,
    attemptsOf(observations.map(({ described }) => described.attempt)),
    timesOf(observations.map(({ described }) => described.durationMs)),
  ];
}

const wordsOf = (outcome: Outcome): string =>
  outcome.status === 'timed-out' ? `timed out (${outcome.timeoutType})` : outcome.status;

function outcomesOf(observations: readonly Observation[]): string {
  const byOutcome = Map.groupBy(observations, ({ outcome }) => wordsOf(outcome));
  const only = byOutcome.size === 1 && observations.length === 1;
  return [...byOutcome].map(([words, same]) => (only ? words : `${String(same.length)} ${words}`)).join(', ');
}

function attemptsOf(attempts: readonly number[]): string {
  const total = attempts.reduce((sum, attempt) => sum + attempt, 0);
  if (attempts.length === 1) return String(total);
  return `${String(total)} (up to ${String(Math.max(0, ...attempts))} each)`;
}

function timesOf(durationsMs: readonly number[]): string {
  const sorted = durationsMs.toSorted((a, b) => a - b);
  const longest = sorted.at(-1) ?? 0;
  if (sorted.length === 1) return formatMs(longest);
  return `median ${formatMs(sorted[Math.floor(sorted.length / 2)] ?? 0)}, longest ${formatMs(longest)}`;
}

/** A line per check, and below it what it found. */
export const formatChecks = (checks: readonly Check[]): string =>
  checks
    .flatMap(({ title, checkedCount, disagreements }) => [
      `${disagreements.length === 0 ? 'ok     ' : 'NOT OK '} ${String(checkedCount)} checked: ${title}`,
      ...disagreements.map(({ activity, reason }) => `        ${activity}: ${reason}`),
    ])
    .join('\n');
