import { jest } from '@jest/globals';
import { createRequire } from 'node:module';
import { mendRequestQueueTimer } from './request-queue-timer.ts';

interface Queue {
  pending: unknown[];
  throttledUntil: number;
  scheduleCheckPendingRequests(): void;
  destroy(): void;
}
const load = createRequire(import.meta.url);
const RequestQueue = load('kafkajs/src/network/requestQueue/index.js') as {
  new (options: object): Queue;
  prototype: Queue;
};
const logger = { debug: () => undefined };
const newQueue = (): Queue => new RequestQueue({ requestTimeout: 1000, logger, clientId: 'test', broker: 'test' });

// In the order they stand here: the first shows the trap, and then it is mended for the whole process.
describe("kafkajs's timer for waiting requests", () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test('as kafkajs has it, is armed although nothing waits, with a negative delay, again and again', () => {
    const delays = jest.spyOn(globalThis, 'setTimeout');
    const queue = newQueue();
    queue.scheduleCheckPendingRequests();
    jest.advanceTimersByTime(10);
    expect(delays.mock.calls.length).toBeGreaterThan(5);
    expect(delays.mock.calls[0]?.[1]).toBeLessThan(0);
    queue.destroy();
  });

  test('mended, is not armed when nothing waits', () => {
    mendRequestQueueTimer();
    newQueue().scheduleCheckPendingRequests();
    expect(jest.getTimerCount()).toBe(0);
  });

  test.each([
    { name: 'without throttling', throttledForMs: -1, dueMs: 10 },
    { name: 'while throttled', throttledForMs: 70, dueMs: 70 },
  ])('mended, looks at what waits $name after $dueMs ms', ({ throttledForMs, dueMs }) => {
    mendRequestQueueTimer();
    const queue = newQueue();
    const sent: unknown[] = [];
    queue.pending = [{ send: () => sent.push('sent'), expectResponse: true }];
    queue.throttledUntil = Date.now() + throttledForMs;
    queue.scheduleCheckPendingRequests();
    jest.advanceTimersByTime(dueMs - 1);
    expect(sent).toEqual([]);
    jest.advanceTimersByTime(2);
    expect(sent).toEqual(['sent']);
    queue.destroy();
  });
});
