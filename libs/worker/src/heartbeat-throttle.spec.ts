import { jest } from '@jest/globals';
import { heartbeatIntervalMs, HeartbeatThrottle } from './heartbeat-throttle.ts';

test.each<{ timeoutMs: number; intervalMs: number }>([
  { timeoutMs: 0, intervalMs: 30_000 },
  { timeoutMs: 1_000, intervalMs: 800 },
  { timeoutMs: 60_000, intervalMs: 48_000 },
  { timeoutMs: 75_000, intervalMs: 60_000 },
  { timeoutMs: 3_600_000, intervalMs: 60_000 },
])('with a heartbeat timeout of $timeoutMs ms one is sent every $intervalMs ms', ({ timeoutMs, intervalMs }) => {
  expect(heartbeatIntervalMs(timeoutMs)).toBe(intervalMs);
});

describe('the throttle', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  const throttled = (): { readonly sent: number[]; readonly throttle: HeartbeatThrottle<number> } => {
    const sent: number[] = [];
    return { sent, throttle: new HeartbeatThrottle(100, (value: number) => sent.push(value)) };
  };

  test('sends the first at once, then the latest at every interval', () => {
    const { sent, throttle } = throttled();
    for (const value of [1, 2, 3]) throttle.add(value);
    expect(sent).toEqual([1]);
    jest.advanceTimersByTime(100);
    expect(sent).toEqual([1, 3]);
    throttle.add(4);
    jest.advanceTimersByTime(99);
    expect(sent).toEqual([1, 3]);
    jest.advanceTimersByTime(1);
    expect(sent).toEqual([1, 3, 4]);
    throttle.take();
  });

  test('sends the next at once after a pause', () => {
    const { sent, throttle } = throttled();
    throttle.add(1);
    jest.advanceTimersByTime(100);
    throttle.add(2);
    expect(sent).toEqual([1, 2]);
    throttle.take();
  });

  test('gives back what was not sent, and sends nothing more', () => {
    const { sent, throttle } = throttled();
    throttle.add(1);
    throttle.add(2);
    expect(throttle.take()).toEqual({ value: 2 });
    expect(throttle.take()).toBeUndefined();
    jest.advanceTimersByTime(1_000);
    expect(sent).toEqual([1]);
    expect(jest.getTimerCount()).toBe(0);
  });
});
