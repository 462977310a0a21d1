/** How long a neighbour's activities took, from asking to the outcome. */
export interface Measured {
  readonly count: number;
  /** Those that came to another end, or to none within what a client waits. */
  readonly failedCount: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** @param latenciesMs of those that went well; what failed took infinitely long. */
export function measuredOf(latenciesMs: readonly number[], failedCount: number): Measured {
  const sorted = [...latenciesMs, ...Array.from({ length: failedCount }, () => Infinity)].sort((a, b) => a - b);
  const quantile = (part: number): number => sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Infinity;
  return { count: sorted.length, failedCount, p50Ms: quantile(0.5), p99Ms: quantile(0.99) };
}

/** The most memory that each service held, by name, in MiB. */
export type MemoryByService = Readonly<Record<string, number>>;

/** What an attack did. */
export interface Effect {
  readonly quiet: Measured;
  readonly attacked: Measured;
  readonly quietMiB: MemoryByService;
  readonly attackedMiB: MemoryByService;
  /** What the attacker was told, and how often. */
  readonly told: Readonly<Record<string, number>>;
  /** In what it was not refused as it should have been. */
  readonly notRefused?: string;
}

/** A neighbour may wait so many times as long as before. */
export const slowdownMax = 3;
/** A service may take so much more memory. */
export const growthMiBMax = 200;

export const slowdownOf = ({ quiet, attacked }: Effect): number => attacked.p99Ms / quiet.p99Ms;

/** The service that has grown the most, and by how much. */
export function growthOf({ quietMiB, attackedMiB }: Effect): { readonly service: string; readonly miB: number } {
  const grown = Object.entries(attackedMiB).map(([service, miB]) => ({ service, miB: miB - (quietMiB[service] ?? 0) }));
  return grown.reduce((most, each) => (each.miB > most.miB ? each : most), { service: 'none', miB: 0 });
}

/** What is beyond the limits; nothing when the attack came to nothing. */
export function problemsOf(effect: Effect): readonly string[] {
  const slowdown = slowdownOf(effect);
  const { service, miB } = growthOf(effect);
  const { failedCount } = effect.attacked;
  return [
    ...(slowdown <= slowdownMax ? [] : [`a neighbour waited ${slowdown.toFixed(1)} times as long`]),
    ...(failedCount === 0 ? [] : [`${String(failedCount)} activities of the neighbour failed`]),
    ...(miB <= growthMiBMax ? [] : [`${service} took ${String(miB)} MiB more`]),
    ...(effect.notRefused === undefined ? [] : [effect.notRefused]),
  ];
}
