import { PassThrough } from 'node:stream';
import { createProgress } from './progress.ts';

test('without a terminal: a line per tenth, however often it advances', () => {
  const output = new PassThrough({ encoding: 'utf8' });
  const progress = createProgress(output);
  progress.say('begun');
  for (let done = 1; done <= 200; done++) progress.advance(done, 200);
  progress.finish();
  progress.say('ended');
  const lines = String(output.read()).trimEnd().split('\n');
  expect(lines).toHaveLength(12);
  expect([lines[0], lines[1], lines[10], lines[11]]).toEqual([
    'begun',
    expect.stringContaining('20 of 200'),
    expect.stringContaining('200 of 200'),
    'ended',
  ]);
});

test('on a terminal: a bar, and lines above it that are not lost when it ends', () => {
  const output = Object.assign(new PassThrough({ encoding: 'utf8' }), { isTTY: true, columns: 120, rows: 40 });
  const progress = createProgress(output);
  progress.say('begun');
  progress.advance(50, 200);
  progress.say('killed');
  progress.finish();
  progress.finish();
  progress.say('ended');
  const shown = String(output.read());
  for (const words of ['begun\n', '50/200', 'killed\n', 'ended\n']) expect(shown).toContain(words);
});
