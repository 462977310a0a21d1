import { faultKinds, type FaultCounts } from './world.ts';
import { simulate } from './simulate.ts';
import { storyOf } from './story.ts';

/** Plays the worlds of some seeds in two tests: each has activities and keeps its promises, and every kind of fault has happened in one of them. */
export function playSeeds(first: number, count: number): void {
  const counts: FaultCounts = new Map();

  test(`the seeds ${String(first)} to ${String(first + count - 1)} keep every promise`, async () => {
    for (let seed = first; seed < first + count; seed++) {
      const { breaches, past, counts: happened, acceptedCount } = await simulate(seed);
      expect(acceptedCount).toBeGreaterThan(0);
      for (const [fault, times] of happened) counts.set(fault, (counts.get(fault) ?? 0) + times);
      const [breach] = breaches;
      if (breach === undefined) continue;
      const story = storyOf(past, breach.about).join('\n');
      throw new Error(`npm run simulate -- --seed ${String(seed)}\n${breach.rule}: ${breach.why}\n${story}`);
    }
  }, 300_000);

  test('every kind of fault has happened', () => {
    expect(faultKinds.filter((kind) => !counts.has(kind))).toEqual([]);
  });
}
