import { ownClock } from './own-clock.ts';

test.each<[when: string, wall: number, monotonic: number, shows: number]>([
  ['both run on', 1_050, 60, 1_050],
  ['the wall clock is set back', 400, 60, 1_050],
  ['the wall clock is set ahead', 9_000, 60, 9_000],
  ['the machine slept: only the wall clock went on', 60_010, 20, 60_010],
])('when %s', (_, wall, monotonic, shows) => {
  const instants = { wall: 1_000, monotonic: 10 };
  const own = ownClock(
    () => instants.wall,
    () => instants.monotonic,
  );
  expect(own()).toBe(1_000);
  Object.assign(instants, { wall, monotonic });
  expect(own()).toBe(shows);
});

test('never goes back', () => {
  const walls = [1_000, 990, 1_005, 700, 2_000, 1_500];
  let elapsed = 0;
  const own = ownClock(
    () => walls.shift() ?? 0,
    () => elapsed++,
  );
  const shown = Array.from({ length: 6 }, own);
  expect(shown).toEqual(shown.toSorted((one, other) => one - other));
});
