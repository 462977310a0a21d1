import { seconds } from './drill.ts';
import type { Violation } from './oracle/judge.ts';
import type { PhaseLatency } from './oracle/latency.ts';
import type { Verdict } from './verdict.ts';

const shownMax = 10;

/** What came of a drill, for people. */
export function reportOf(verdict: Verdict, folder: string): string {
  const { acceptedCount, unansweredCount, faultCounts, recovery, held } = verdict;
  const faults = Array.from(faultCounts, ([kind, count]) => `${kind} ${String(count)}`).join(', ');
  const back = recovery.afterMs === undefined ? 'never' : `${seconds(recovery.afterMs)} after the last fault`;
  return [
    `faults:   ${faults === '' ? 'none' : faults}`,
    `load:     ${String(acceptedCount)} starts acknowledged, ${String(unansweredCount)} more not answered and begun`,
    `recovery: everyone back ${back}`,
    ...latencyLines(verdict.latencies),
    ...problemsOf(verdict),
    held ? 'verdict:  all promises held' : `verdict:  BROKEN; everything is kept in ${folder}`,
  ].join('\n');
}

function problemsOf(verdict: Verdict): readonly string[] {
  const { missed, slow, recovery, hasFinished, unexpectedEnds, growths, violations, acceptedCount } = verdict;
  return [
    ...(slow === undefined
      ? []
      : [
          `slow:     p99 of ${slow.phase} is ${slow.times.toFixed(1)} times that of ${slow.than}, and may be ${String(slow.timesMax)} times it`,
        ]),
    ...missed.map((kind) => `fault:    ${kind} was to happen, and did not`),
    ...recovery.missing.map((what) => `not back: ${what}`),
    ...(hasFinished ? [] : ['not over: not all that was asked for has ended in time']),
    ...(acceptedCount > 0 ? [] : ['no load:  not one start was acknowledged']),
    ...unexpectedEnds.map(({ name, how }) => `ended:    ${name} by itself, with ${how}`),
    ...growths.map(
      ({ name, pid, leastMiB }) => `memory:   ${name} (${String(pid)}) only grew: ${leastMiB.join(', ')} MiB`,
    ),
    ...violationLines(violations),
  ];
}

const latencyLines = (latencies: readonly PhaseLatency[]): readonly string[] =>
  latencies.map(
    ({ name, count, p50Ms, p99Ms, maxMs, failedCalls }) =>
      `latency:  ${name.padEnd(20)} ${String(count).padStart(6)} activities, p50 ${String(p50Ms)} ms, p99 ${String(p99Ms)} ms, at most ${String(maxMs)} ms; ${String(failedCalls)} calls made again`,
  );

function violationLines(violations: readonly Violation[]): readonly string[] {
  const byRule = Map.groupBy(violations, ({ rule }) => rule);
  const counts = Array.from(byRule, ([rule, list]) => `${rule} ${String(list.length)}`);
  return [
    ...(counts.length === 0 ? [] : [`broken:   ${counts.join(', ')}`]),
    ...Array.from(byRule.values()).flatMap((list) => list.slice(0, shownMax).flatMap(linesOf)),
  ];
}

/** The violation, and all that is known of its activity in the order in which it was noted or decided. */
function linesOf({ rule, id, why, story }: Violation): readonly string[] {
  const notes = (story?.notes ?? []).toSorted((a, b) => a.at - b.at);
  const facts = (story?.facts ?? []).toSorted((a, b) => a.offset - b.offset);
  return [
    `  ${rule}: ${id}: ${why}`,
    ...notes.map(({ id: _, ...note }) => `    noted  ${JSON.stringify(note)}`),
    ...onlyOnce(facts.map(({ id: _, offset, ...fact }) => [JSON.stringify(fact), offset] as const)),
  ];
}

/** What was told again at later offsets is one line. */
function onlyOnce(facts: readonly (readonly [fact: string, offset: number])[]): readonly string[] {
  const offsets = Map.groupBy(facts, ([fact]) => fact);
  return Array.from(offsets, ([fact, told]) => {
    const again =
      told.length > 1 ? `, and again ${String(told.length - 1)} times up to ${String(told.at(-1)?.[1])}` : '';
    return `    topics at ${String(told[0]?.[1])} ${fact}${again}`;
  });
}
