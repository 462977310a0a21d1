import type { Judgement } from './oracle/judge.ts';
import type { Recovery } from './oracle/members-back.ts';
import { slowdownOf, type PhaseLatency, type SlowdownLimit } from './oracle/latency.ts';
import type { Growth } from './oracle/memory.ts';
import type { FaultKind } from './stage/faults.ts';
import type { UnexpectedEnd } from './stage/stage.ts';

/** What a drill has shown. */
export interface Evidence extends Judgement {
  readonly faultCounts: ReadonlyMap<FaultKind, number>;
  readonly recovery: Recovery;
  /** Whether all that had been asked for came to an end in time. */
  readonly hasFinished: boolean;
  readonly unexpectedEnds: readonly UnexpectedEnd[];
  readonly growths: readonly Growth[];
  readonly latencies: readonly PhaseLatency[];
}

export interface Verdict extends Evidence {
  /** Kinds of faults that were to happen and did not: nothing is shown then. */
  readonly missed: readonly FaultKind[];
  /** The limit that clients have waited beyond, and how many times as long as in its quiet phase. */
  readonly slow?: SlowdownLimit & { readonly times: number };
  /** The faults happened, there was something to lose, and nothing was lost. */
  readonly held: boolean;
}

export function verdictOf(
  evidence: Evidence,
  { mustHappen, slowdown }: { readonly mustHappen: readonly FaultKind[]; readonly slowdown?: SlowdownLimit },
): Verdict {
  const times = slowdown === undefined ? 0 : slowdownOf(evidence.latencies, slowdown);
  const slow = slowdown === undefined || times <= slowdown.timesMax ? {} : { slow: { ...slowdown, times } };
  const { faultCounts, recovery, hasFinished, unexpectedEnds, growths, violations, acceptedCount } = evidence;
  const missed = mustHappen.filter((kind) => (faultCounts.get(kind) ?? 0) === 0);
  const lists: readonly (readonly unknown[])[] = [missed, recovery.missing, unexpectedEnds, growths, violations];
  const isClean = lists.every((list) => list.length === 0);
  return {
    ...evidence,
    missed,
    ...slow,
    held: isClean && !('slow' in slow) && hasFinished && recovery.afterMs !== undefined && acceptedCount > 0,
  };
}
