import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { awaitProgress, cpuSecondsOf, secondsIn, type Awaited } from './progress.ts';

const wait = (more: Partial<Awaited>): Promise<string> =>
  awaitProgress({
    isDone: () => false,
    isOver: () => false,
    signs: () => '',
    pid: () => undefined,
    everyMs: 2,
    stallMsMax: 60,
    ...more,
  });

test('what gets on is waited for, however long it takes', async () => {
  const begun = performance.now();
  const elapsedMs = (): number => performance.now() - begun;
  const result = await wait({ isDone: () => elapsedMs() > 400, signs: () => Math.floor(elapsedMs() / 10) });
  expect(result).toBe('done');
});

test('what does not get on is given up', async () => {
  expect(await wait({})).toBe('stalled');
});

test('what is over is not waited for', async () => {
  expect(await wait({ isOver: () => true, isDone: () => true })).toBe('over');
});

test('what a process computes is seen', async () => {
  const busy = spawn('sh', ['-c', 'while :; do :; done'], { detached: true });
  const { pid } = busy;
  try {
    await expect(wait({ isDone: () => cpuSecondsOf(pid) >= 1, stallMsMax: 60_000 })).resolves.toBe('done');
  } finally {
    busy.kill('SIGKILL');
    await once(busy, 'exit');
  }
  expect(cpuSecondsOf(pid)).toBe(0);
  expect(cpuSecondsOf(undefined)).toBe(0);
});

test.each([
  ['00:00:07', 7],
  ['01:02:03', 3_723],
  ['2-00:00:01', 172_801],
  ['0:07.25', 7.25],
])('%s of ps is %d s', (time, seconds) => {
  expect(secondsIn(time)).toBe(seconds);
});
