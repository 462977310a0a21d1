import { playOnDomain } from './cancellation-table-domain.ts';
import { cancellationTable, cellName } from './cancellation-table.ts';

test.each(cancellationTable.map((cell) => ({ name: cellName(cell), cell })))('$name', ({ cell }) => {
  const { told, end } = cell;
  expect(playOnDomain(cell)).toEqual({ told, end });
});

test('no two cells are the same, and none is missing', () => {
  const names = cancellationTable.map(cellName);
  expect(new Set(names).size).toBe(names.length);
  // 54 pairs of reason and state, in which three behaviours meet three cancellation types.
  expect(names).toHaveLength(54 * 9);
});
