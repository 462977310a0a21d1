import { spedUp } from './sped-up.ts';

test('windows, offsets and `for` go faster, and thresholds and names stay', () => {
  const expr =
    'deriv(sum(lag_5m)[10m:1m]) > 300 and x{limit="5m"} unless y offset 1h or max_over_time(z[90s]) / 2 > 0.85';
  const annotations = { summary: '', description: 'after 5m', runbook_url: '' };
  const file = {
    groups: [{ name: 'a', rules: [{ alert: 'A', expr, for: '2m', labels: { severity: 'warning' }, annotations }] }],
  };
  expect(spedUp(file, 20)).toEqual({
    groups: [
      {
        name: 'a',
        rules: [
          {
            alert: 'A',
            expr: 'deriv(sum(lag_5m)[30000ms:3000ms]) > 300 and x{limit="5m"} unless y offset 180000ms or max_over_time(z[4500ms]) / 2 > 0.85',
            for: '6000ms',
            labels: { severity: 'warning' },
            annotations,
          },
        ],
      },
    ],
  });
});
