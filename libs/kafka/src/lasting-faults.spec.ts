import { jest } from '@jest/globals';
import { oncePerFault } from './log.ts';

const said: unknown[][] = [];
let say: ReturnType<typeof oncePerFault>;

beforeEach(() => {
  jest.useFakeTimers();
  said.length = 0;
  say = oncePerFault((...line) => void said.push(line));
});
afterEach(() => {
  jest.useRealTimers();
});

test('a fault is said at once, then how often it came: after a minute, ever more rarely, and when it has ended', () => {
  for (let second = 0; second < 700; second++) {
    say('warn', 'outbox: a send failed: connect ECONNREFUSED 127.0.0.1:9092', { attempt: second });
    jest.advanceTimersByTime(1_000);
  }
  expect(said.map(([, message]) => String(message).replace(/^.*9092/, ''))).toEqual([
    '',
    ' (59 more in 60 s)',
    ' (120 more in 120 s)',
    ' (240 more in 240 s)',
  ]);
  jest.advanceTimersByTime(600_000);
  expect(said.slice(4)).toEqual([
    ['warn', expect.stringMatching(/\(280 more in 480 s\)$/), { attempt: 699, more: 280, forMs: 480_000 }],
  ]);
  jest.advanceTimersByTime(600_000);
  say('warn', 'outbox: a send failed: connect ECONNREFUSED 127.0.0.1:9092');
  expect(said).toHaveLength(6);
});

test('what was counted and not yet said is said when the log is flushed, once', () => {
  for (let count = 0; count < 5; count++) say('warn', 'no broker answers', { count });
  say('error', 'another');
  say.flush();
  expect(said.slice(2)).toEqual([['warn', 'no broker answers (4 more in 0 s)', { count: 4, more: 4, forMs: 0 }]]);
  say.flush();
  expect(said).toHaveLength(3);
});

test('what differs by numbers alone is one fault; by its words, another', () => {
  for (let partition = 0; partition < 12; partition++)
    say('warn', `partition ${String(partition)} cannot fence yet: no broker answers`);
  say('warn', 'partition 3 cannot restore yet: no broker answers');
  say('error', 'partition 3 cannot restore yet: no broker answers');
  expect(said).toHaveLength(3);
});

test('what is no fault is passed on', () => {
  for (const level of ['debug', 'info'] as const) for (let n = 0; n < 3; n++) say(level, 'hello');
  expect(said).toHaveLength(6);
});

test('what is kept is bounded: the oldest makes room, and what it counted is said', () => {
  say('warn', 'first');
  say('warn', 'first');
  for (let n = 0; n < 1_000; n++) say('warn', `fault ${'x'.repeat(n)}`);
  expect(said.filter(([, message]) => String(message).startsWith('first'))).toEqual([
    ['warn', 'first'],
    ['warn', 'first (1 more in 0 s)', { more: 1, forMs: 0 }],
  ]);
  expect(jest.getTimerCount()).toBeLessThanOrEqual(200);
});
