import { createRequire } from 'node:module';
import { backoffMs } from '../waiting.ts';
import { clientRetry, consumerRetry, producerRetry, transactionRetry } from './retry-options.ts';

const load = createRequire(import.meta.url);
const defaults = load('kafkajs/src/retry/defaults.js') as Record<string, number>;
const defaultsInTests = load('kafkajs/src/retry/defaults.test.js') as Record<string, number>;

test("kafkajs's defaults differ in tests, so none is left to it", () => {
  expect(defaults).not.toEqual(defaultsInTests);
  for (const options of [clientRetry, producerRetry, consumerRetry, transactionRetry]) {
    expect(Object.keys(options).sort()).toEqual(Object.keys(defaults).sort());
  }
});

test('a transaction right after another waits milliseconds, not the 300 of the defaults', () => {
  expect(defaults['initialRetryTime']).toBe(300);
  expect(transactionRetry.initialRetryTime).toBeLessThanOrEqual(5);
});

test('backoff doubles from 20 ms to 1 s', () => {
  expect([0, 1, 2, 5, 6, 1000].map(backoffMs)).toEqual([20, 40, 80, 640, 1000, 1000]);
});
