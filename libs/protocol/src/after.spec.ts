import { jest } from '@jest/globals';
import { after } from './after.ts';

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const dayMs = 86_400_000;

test.each([0, 1, 1_000, 24 * dayMs, 25 * dayMs, 60 * dayMs])('calls back after %d ms, once and not before', (ms) => {
  const act = jest.fn();
  after(ms, act);
  if (ms > 0) jest.advanceTimersByTime(ms - 1);
  expect(act).not.toHaveBeenCalled();
  jest.advanceTimersByTime(60 * dayMs);
  expect(act).toHaveBeenCalledTimes(1);
});

test('can be ended, in its second part too', () => {
  const act = jest.fn();
  const end = after(60 * dayMs, act);
  jest.advanceTimersByTime(30 * dayMs);
  end();
  jest.advanceTimersByTime(60 * dayMs);
  expect(act).not.toHaveBeenCalled();
  expect(jest.getTimerCount()).toBe(0);
});
