import { plannedFailures } from './planned-failures.ts';

const paths = Array.from({ length: 10_000 }, (_, index) => `folder/file-${String(index)}.txt`);

test('a fifth fails once and a twentieth twice, and it is the same in every process', () => {
  const shares = paths.map((path) => plannedFailures('readDocument', path));
  const shareOf = (count: number): number => shares.filter((planned) => planned === count).length / paths.length;
  expect(shareOf(1)).toBeCloseTo(0.2, 1);
  expect(shareOf(2)).toBeCloseTo(0.05, 1);
  expect(shareOf(0) + shareOf(1) + shareOf(2)).toBe(1);
  expect(paths.slice(0, 12).map((path) => plannedFailures('readDocument', path))).toMatchInlineSnapshot(`
   [
     0,
     0,
     0,
     0,
     0,
     0,
     0,
     0,
     0,
     0,
     0,
     1,
   ]
  `);
});

test('different activities fail on different documents', () => {
  const differing = paths.filter((path) => plannedFailures('readDocument', path) !== plannedFailures('walk', path));
  expect(differing.length).toBeGreaterThan(1000);
});
