import { formatMs, formatTable } from './table.ts';

test('columns are as wide as their longest cell', () => {
  expect(formatTable(['a', 'outcome'], [['long name', 'x'], ['b']])).toBe(
    ['a          outcome', '---------  -------', 'long name  x', 'b'].join('\n'),
  );
});

test('a table without rows has its header', () => {
  expect(formatTable(['a', 'b'], [])).toBe('a  b\n-  -');
});

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1000, '1.0 s'],
  [12_345, '12.3 s'],
])('%d ms is shown as %s', (durationMs, shown) => {
  expect(formatMs(durationMs)).toBe(shown);
});
