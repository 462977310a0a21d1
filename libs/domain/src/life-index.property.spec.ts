import fc from 'fast-check';
import { LifeIndex } from './life-index.ts';

const step = fc.record({ life: fc.nat({ max: 6 }), isRemoval: fc.boolean() });

test('the latest life is the one of greatest order among those that are there, however they came and went', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const index = new LifeIndex();
      const lives = new Set<number>();
      for (const { life, isRemoval } of steps) {
        const runId = `run-${String(life)}`;
        if (isRemoval) index.remove('key', runId);
        else index.put('key', runId, life * 10 + lives.size);
        if (isRemoval) lives.delete(life);
        else lives.add(life);
        const latest = Math.max(...lives);
        expect(index.latestRunId('key')).toBe(lives.size === 0 ? undefined : `run-${String(latest)}`);
      }
    }),
  );
});
