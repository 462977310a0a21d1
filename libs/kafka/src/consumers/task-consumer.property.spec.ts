import fc from 'fast-check';
import { OffsetWindow } from './task-consumer.ts';

test('whatever the order in which offsets are done, only what is done without a gap is committable', () => {
  fc.assert(
    fc.property(
      fc.uniqueArray(fc.nat({ max: 5000 }), { minLength: 1, maxLength: 3000 }),
      fc.infiniteStream(fc.nat()),
      (numbers, dice) => {
        const offsets = numbers.toSorted((a, b) => a - b);
        const window = new OffsetWindow(offsets[0] ?? 0);
        for (const offset of offsets) window.add(offset);
        const left = [...offsets];
        while (left.length > 0) {
          const [done] = left.splice((dice.next().value ?? 0) % Math.min(left.length, 20), 1);
          window.done(done ?? 0);
          expect(window.underWay).toBeGreaterThanOrEqual(left.length);
          const first = left[0];
          if (first === undefined) expect(window.committable).toBe((offsets.at(-1) ?? 0) + 1);
          else expect(window.committable).toBeLessThanOrEqual(first);
        }
        expect(window.underWay).toBe(0);
      },
    ),
    { numRuns: 20 },
  );
});

test('an offset that is done twice, or skipped, changes nothing that was settled', () => {
  const window = new OffsetWindow(3);
  window.add(3);
  window.add(7);
  window.done(3);
  window.done(3);
  expect(window.committable).toBe(4);
  window.skipTo(9);
  expect(window.committable).toBe(4);
  window.done(7);
  window.skipTo(9);
  expect(window.committable).toBe(9);
});
