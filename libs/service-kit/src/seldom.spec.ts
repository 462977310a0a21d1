import { jest } from '@jest/globals';
import { seldom } from './seldom.ts';
import type { ServiceLog } from './service-log.ts';

test('the first is said at once, a later one with how many were left out since', () => {
  jest.useFakeTimers();
  const said: unknown[] = [];
  const log = { warn: (fields: object, message: string) => said.push([fields, message]) } as unknown as ServiceLog;
  const say = seldom(log, 'warn', 1_000);
  say({ n: 1 }, 'first');
  for (let n = 2; n < 100; n++) say({ n }, 'more');
  expect(said).toEqual([[{ n: 1 }, 'first']]);
  jest.advanceTimersByTime(1_000);
  say({ n: 100 }, 'again');
  expect(said.slice(1)).toEqual([[{ n: 100, leftOut: 98 }, 'again']]);
  jest.useRealTimers();
});
