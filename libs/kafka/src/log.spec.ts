import { runInNewContext } from 'node:vm';
import { guardedLog } from './log.ts';

const failures: readonly [how: string, log: () => unknown][] = [
  [
    'throws',
    () => {
      throw new Error('full');
    },
  ],
  ['rejects', () => Promise.reject(new Error('full'))],
  [
    'rejects with a promise of another realm',
    runInNewContext("() => Promise.reject(new Error('full'))") as () => unknown,
  ],
  [
    'rejects by something that is no promise of Node',
    () => ({
      then: (_: unknown, no: (why: Error) => void) => {
        no(new Error('full'));
      },
    }),
  ],
  [
    'has a then that throws',
    () => ({
      then: () => {
        throw new Error('full');
      },
    }),
  ],
];

test.each(failures)('a log that %s disturbs nobody, and the line is said otherwise', async (_, log) => {
  const said: unknown[] = [];
  const guarded = guardedLog(log, (error, level, message) => said.push([String(error), level, message]));
  guarded('warn', 'the disk');
  await new Promise(setImmediate);
  expect(said).toEqual([['Error: full', 'warn', 'the disk']]);
});

test.each([undefined, null, 7, 'text', {}, { then: 1 }])('what a log gives otherwise is nothing: %p', async (given) => {
  const said: unknown[] = [];
  guardedLog(
    () => given,
    (error) => said.push(error),
  )('info', 'all well');
  await new Promise(setImmediate);
  expect(said).toEqual([]);
});
