import { jest } from '@jest/globals';
import { createRequire } from 'node:module';
import { mendedQueue, type RequestQueueClass } from './request-queue.ts';
import { steadyNow } from './steady-date.ts';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  readonly inflight: { set(id: number, request: object): void; clear(): void };
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
  destroy(): void;
}
type QueueClass = new (options: object) => Queue;

const Own = createRequire(import.meta.url)('kafkajs/src/network/requestQueue/index.js') as QueueClass;
const Mended = mendedQueue(Own as unknown as RequestQueueClass) as unknown as QueueClass;
const logger = { debug: () => undefined };
const options = { requestTimeout: 1000, enforceRequestTimeout: true, logger, clientId: 'test', broker: 'test' };

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['performance'] });
});
afterEach(() => {
  jest.useRealTimers();
});

describe('the timer for waiting requests', () => {
  test('as kafkajs has it, is armed although nothing waits, with a negative delay, again and again', () => {
    const delays = jest.spyOn(globalThis, 'setTimeout');
    const queue = new Own(options);
    queue.scheduleCheckPendingRequests();
    jest.advanceTimersByTime(10);
    expect(delays.mock.calls.length).toBeGreaterThan(5);
    expect(delays.mock.calls[0]?.[1]).toBeLessThan(0);
    queue.destroy();
  });

  test('mended, is not armed when nothing waits', () => {
    new Mended(options).scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    { name: 'without throttling', throttledForMs: -1, dueMsMax: 10 },
    { name: 'while throttled', throttledForMs: 70, dueMsMax: 71 },
  ])('mended, looks at what waits $name in time', ({ throttledForMs, dueMsMax }) => {
    const delays = jest.spyOn(globalThis, 'setTimeout');
    const queue = new Mended(options);
    queue.pending = [{ send: () => undefined, expectResponse: true }];
    queue.throttledUntil = steadyNow() + throttledForMs;
    queue.scheduleCheckPendingRequests();
    const [call] = delays.mock.calls;
    expect(call?.[1]).toBeGreaterThan(throttledForMs > 0 ? dueMsMax - 30 : 0);
    expect(call?.[1]).toBeLessThanOrEqual(dueMsMax);
    queue.destroy();
  });
});

describe('a request whose answer is overdue', () => {
  const overdueOf = (Class: QueueClass, isConnected: boolean): number => {
    let overdue = 0;
    const queue = new Class({ ...options, isConnected: () => isConnected });
    queue.scheduleRequestTimeoutCheck();
    const sentAt = steadyNow();
    // The first look comes while it is not overdue yet.
    queue.inflight.set(1, { sentAt, requestTimeout: 1000, timeoutRequest: () => overdue++ });
    jest.advanceTimersByTime(100);
    queue.inflight.set(1, { sentAt: sentAt - 2000, requestTimeout: 1000, timeoutRequest: () => overdue++ });
    jest.advanceTimersByTime(100);
    queue.inflight.clear();
    jest.advanceTimersByTime(100);
    queue.destroy();
    return overdue;
  };

  test('fails; as kafkajs has it, never once its connection is being closed', () => {
    expect(overdueOf(Own, false)).toBe(0);
    expect(overdueOf(Mended, true)).toBe(1);
    expect(overdueOf(Mended, false)).toBe(1);
    expect(jest.getTimerCount()).toBe(0);
  });
});
