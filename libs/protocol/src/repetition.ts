/** How something that nobody answers is said again: after `firstMs`, then after pauses that double up to `pauseMsMax`. */
export interface Repetition {
  readonly firstMs: number;
  readonly pauseMsMax: number;
}

/** How much longer a pause may be, by chance: those who asked at the same moment do not ask again at the same moment. */
const jitterMax = 0.2;

/**
 * What is asked again over Kafka, and how often.
 *
 * A command that the broker has stands in the log, and a scheduler that comes back reads it there: a repetition only makes
 * up for an answer that was lost. So while nobody decides, repetitions grow apart, and are rare enough that an outage
 * leaves no flood behind; and no pause is longer than somebody should wait once the scheduler is back.
 */
export const repetitions = {
  claim: { firstMs: 1_000, pauseMsMax: 15_000 },
  /** May carry megabytes, and the worker's slot is free meanwhile. */
  report: { firstMs: 10_000, pauseMsMax: 60_000 },
  runCommand: { firstMs: 3_000, pauseMsMax: 15_000 },
  /** The scheduler remembers for a minute who waits, and forgets it when it restarts. */
  outcome: { firstMs: 3_000, pauseMsMax: 15_000 },
  description: { firstMs: 3_000, pauseMsMax: 15_000 },
  /** A signal is waited for by someone who has nothing else to do. */
  runNews: { firstMs: 3_000, pauseMsMax: 6_000 },
} as const satisfies Readonly<Record<string, Repetition>>;

/**
 * How long to wait after something was said for the `count`th time, counted from 1, before it is said again.
 *
 * @param chance from 0 to 1; 0 for who asks alone.
 */
export function pauseMsAfter({ firstMs, pauseMsMax }: Repetition, count: number, chance = Math.random()): number {
  // 2^30 pauses of a millisecond are twelve days: the exponent need not grow on.
  const pauseMs = Math.min(firstMs * 2 ** Math.min(count - 1, 30), pauseMsMax);
  return pauseMs * (1 + jitterMax * chance);
}
