import type { Noted } from '../journal.ts';
import { briskKinds } from '../load/kinds.ts';

/** A length of time of a drill. Instants: see `machineMs`. */
export interface Phase {
  readonly name: string;
  readonly begunAt: number;
  readonly endedAt: number;
}

/** How long activities that were asked for in a phase took until their client was told the outcome, in milliseconds. */
export interface PhaseLatency {
  readonly name: string;
  readonly count: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** Calls that failed on their way and were made again. */
  readonly failedCalls: number;
}

/** A client's promise about a phase: its p99 is at most so many times that of another. */
export interface SlowdownLimit {
  readonly phase: string;
  readonly than: string;
  readonly timesMax: number;
}

/** Of the activities that do nothing but be over. One that nobody was told of has taken for ever. */
export function latenciesOf(notes: readonly Noted[], phases: readonly Phase[]): readonly PhaseLatency[] {
  const toldAt = new Map<string, number>();
  for (const { note, id, at } of notes) if (note === 'told') toldAt.set(id, Math.min(at, toldAt.get(id) ?? Infinity));
  const within = ({ begunAt, endedAt }: Phase, { at }: Noted): boolean => at >= begunAt && at < endedAt;
  return phases.map((phase) => {
    const here = notes.filter((each) => within(phase, each));
    const latencies = here
      .flatMap((each) =>
        each.note === 'asked' && briskKinds.includes(each.kind) ? [(toldAt.get(each.id) ?? Infinity) - each.at] : [],
      )
      .toSorted((a, b) => a - b);
    const quantile = (q: number): number =>
      latencies[Math.min(latencies.length - 1, Math.floor(latencies.length * q))] ?? 0;
    return {
      name: phase.name,
      count: latencies.length,
      p50Ms: quantile(0.5),
      p99Ms: quantile(0.99),
      maxMs: quantile(1),
      failedCalls: here.filter(({ note }) => note === 'failed-call').length,
    };
  });
}

/** How often the p99 of one phase is that of the other. */
export function slowdownOf(latencies: readonly PhaseLatency[], { phase, than }: SlowdownLimit): number {
  const p99Of = (wanted: string): number => latencies.find(({ name }) => name === wanted)?.p99Ms ?? Infinity;
  return p99Of(phase) / p99Of(than);
}
