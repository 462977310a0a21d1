import { jest } from '@jest/globals';
import fc from 'fast-check';
import { DeadlineClock, type Due } from './deadline-clock.ts';

const clock = new DeadlineClock();

beforeEach(() => {
  jest.useFakeTimers();
});

afterEach(() => {
  clock.close();
  jest.useRealTimers();
});

class Alarm implements Due {
  dueAt: number;
  calls = 0;

  constructor(dueAt: number) {
    this.dueAt = dueAt;
  }

  whenDue(): void {
    this.calls++;
    clock.remove(this);
  }
}

test('every deadline is met once, at most 100 ms late and never early, whatever was added and removed before', () => {
  const steps = fc.array(fc.record({ dueInMs: fc.integer({ min: 1, max: 1_000 }), isRemoved: fc.boolean() }));
  fc.assert(
    fc.property(steps, fc.nat(1_200), (plan, waitMs) => {
      const start = performance.now();
      const planned = plan.map((step) => ({ ...step, alarm: new Alarm(start + step.dueInMs) }));
      for (const { alarm } of planned) clock.add(alarm);
      for (const { alarm, isRemoved } of planned) if (isRemoved) clock.remove(alarm);
      jest.advanceTimersByTime(waitMs);
      for (const { alarm, dueInMs, isRemoved } of planned) {
        if (isRemoved || dueInMs > waitMs) expect(alarm.calls).toBe(0);
        else if (dueInMs + 100 <= waitMs) expect(alarm.calls).toBe(1);
      }
      clock.close();
    }),
  );
});

test('what is added twice is met once, and what is removed twice takes no other with it', () => {
  const [first, second] = [new Alarm(performance.now() + 50), new Alarm(performance.now() + 50)];
  clock.add(first);
  clock.add(first);
  clock.add(second);
  clock.remove(first);
  clock.remove(first);
  jest.advanceTimersByTime(200);
  expect([first.calls, second.calls]).toEqual([0, 1]);
});

test('what another deadline removes in the same look is not called', () => {
  const second = new Alarm(performance.now() + 50);
  const first: Due = {
    dueAt: performance.now() + 50,
    whenDue: () => {
      clock.remove(second);
      clock.remove(first);
    },
  };
  clock.add(first);
  clock.add(second);
  jest.advanceTimersByTime(200);
  expect(second.calls).toBe(0);
});
