import { jest } from '@jest/globals';
import type { Log } from '@ratchet/kafka';
import { stderrLog, userLog } from './activity-log.ts';

let printed: string[];
beforeEach(() => {
  printed = [];
  jest.spyOn(process.stderr, 'write').mockImplementation((line) => printed.push(String(line)) > 0);
});
afterEach(() => {
  jest.restoreAllMocks();
});

const broken: Log = () => {
  throw new Error('disk full');
};
const slowlyBroken = (async () => {
  await Promise.resolve();
  throw new Error('disk full');
}) as Log;

const oddlyBroken: Log = () => {
  throw Object.create(null) as Error;
};

test.each([
  { log: broken, how: 'throws', reason: '"disk full"' },
  { log: slowlyBroken, how: 'rejects', reason: '"disk full"' },
  { log: oddlyBroken, how: 'throws something that is no text', reason: '"{}"' },
])('a line that the user’s log $how on goes to stderr, with the reason', async ({ log, reason }) => {
  userLog(log)('warn', 'the activity failed: no', { activityId: 'a' });
  await new Promise((resolve) => setImmediate(resolve));
  expect(printed).toEqual([
    expect.stringMatching(`WARN the activity failed: no {"activityId":"a","logFailed":${reason}}\n$`),
  ]);
});

test('what cannot be shown does not keep a line from being said', () => {
  const circle: Record<string, unknown> = { name: 'circle' };
  circle['self'] = circle;
  const hostile = {
    toJSON: () => {
      throw new Error('no');
    },
    [Symbol.toPrimitive]: () => {
      throw new Error('no');
    },
  };
  stderrLog('info', 'said', { circle, hostile, count: 3n });
  expect(printed).toEqual([
    expect.stringMatching(
      /INFO said \{"circle":"\[object Object\]","hostile":"a value that cannot be shown","count":"3"\}\n$/,
    ),
  ]);
});
