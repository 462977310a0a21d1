import { growing, lifeMsMin, type MemorySample } from './memory.ts';

/** A sample each second of a life of ten minutes, whose memory is as `residentAt` says of the part of it that has passed. */
const life = (residentAt: (part: number) => number, ms = 600_000): readonly MemorySample[] =>
  Array.from({ length: ms / 1000 }, (_, second) => ({
    at: second * 1000,
    name: 'scheduler-1',
    pid: 1,
    residentMiB: residentAt((second * 1000) / ms),
  }));

test.each<[what: string, samples: readonly MemorySample[], count: number]>([
  ['grows all the time', life((part) => 100 + 300 * part), 1],
  ['grows in steps of the collector, and never falls back', life((part) => 100 + 300 * part + ((part * 97) % 20)), 1],
  ['grows while it warms up', life((part) => Math.min(150, 100 + 1000 * part)), 0],
  ['grows and falls back', life((part) => 100 + 300 * (part * 3 - Math.floor(part * 3))), 0],
  ['grows by a little', life((part) => 100 + 40 * part), 0],
  ['grows by what the activities need that it keeps', life((part) => 100 + 120 * part), 0],
  ['has not lived long', life((part) => 100 + 300 * part, lifeMsMin - 1000), 0],
])('of a process that %s', (_, samples, count) => {
  expect(growing(samples, 50)).toHaveLength(count);
});

test('a process that was started anew is another one', () => {
  const grown = life((part) => 100 + 300 * part);
  const two = grown.map((sample, index) => ({ ...sample, pid: index < grown.length / 2 ? 1 : 2, residentMiB: index }));
  expect(growing(two, 0).map(({ pid }) => pid)).toEqual([1, 2]);
});
