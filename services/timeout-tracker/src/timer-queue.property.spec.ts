import fc from 'fast-check';
import { TimerQueue } from './timer-queue.ts';

interface Subject {
  readonly name: number;
}

const subjects: readonly Subject[] = Array.from({ length: 12 }, (_, name) => ({ name }));

const moves = fc.array(
  fc.oneof(
    fc.record({ move: fc.constant('set' as const), who: fc.nat(11), at: fc.nat(50) }),
    fc.record({ move: fc.constant('delete' as const), who: fc.nat(11), at: fc.constant(0) }),
    fc.record({ move: fc.constant('take' as const), who: fc.constant(0), at: fc.nat(50) }),
  ),
  { maxLength: 200 },
);

test('it is a map of subjects to instants, taken in their order', () => {
  fc.assert(
    fc.property(moves, (history) => {
      const queue = new TimerQueue<Subject>();
      const model = new Map<Subject, number>();
      for (const { move, who, at } of history) {
        const subject = subjects[who] ?? { name: -1 };
        if (move === 'set') {
          queue.set(subject, at);
          model.set(subject, at);
        } else if (move === 'delete') {
          queue.delete(subject);
          model.delete(subject);
        } else {
          const earliest = Math.min(...model.values());
          const taken = queue.takeDue(at);
          expect(taken !== undefined).toBe(earliest <= at);
          if (taken !== undefined) {
            expect(model.get(taken)).toBe(earliest);
            model.delete(taken);
          }
        }
        expect(queue.size).toBe(model.size);
        expect(queue.nextAt()).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
      }
    }),
  );
});

test('moving subjects for ever leaves no more places behind than there are subjects, or a thousand', () => {
  const queue = new TimerQueue<Subject>();
  for (let at = 0; at < 50_000; at++) {
    queue.set(subjects[at % 12] ?? { name: -1 }, 1_000_000 + at);
    expect(queue.placeCount).toBeLessThanOrEqual(1_012);
  }
});
