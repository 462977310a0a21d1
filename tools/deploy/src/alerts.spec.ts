import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { alertsOf, expressionsOf, missingMetrics } from './alerts.ts';
import { ROOT } from './chart.ts';
import { metricsIn, ofOneInstallation } from './expression-metrics.ts';

const alerts = alertsOf(ROOT);
const rulesTest = readFileSync(join(ROOT, 'deploy/prometheus/rules.test.yaml'), 'utf8');

/** The anchors of a page, as GitHub makes them. */
function anchorsOf(page: string): readonly string[] {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return Array.from(text.matchAll(/^#+ (.*)$/gm), ([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, '')
      .replaceAll(' ', '-'),
  );
}

describe.each(alerts.map((alert) => [alert.alert, alert] as const))('%s', (name, { expr, labels, annotations }) => {
  it('says which installation it is about', () => {
    const groupings = [...expr.matchAll(/\bby \(([^)]*)\)/g)].map(([, group = '']) => group.split(', '));
    expect(groupings.filter((group) => !group.includes('namespace') || !group.includes('job'))).toEqual([]);
    const aggregations = expr.match(/\b(?:sum|max|min|avg|count|group|histogram_quantile|without)\b(?! by| *\(0\.)/g);
    expect(aggregations).toBeNull();
  });

  it('says who is woken, what is wrong, and where it stands what to do', () => {
    expect(name).toMatch(/^Ratchet[A-Z]/);
    expect(['critical', 'warning']).toContain(labels.severity);
    expect(Object.keys(annotations).sort()).toEqual(['description', 'runbook_url', 'summary']);
    const [page = '', anchor] = annotations.runbook_url.split('#');
    expect(anchorsOf(page)).toContain(anchor);
  });

  it('has been seen to ring', () => {
    expect(rulesTest).toMatch(new RegExp(`alertname(="|: )${name}\\b`));
  });
});

test('alerts are told apart by their names, and the runbook lists them all', () => {
  const names = alerts.map(({ alert }) => alert);
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
  const listed = readFileSync(join(ROOT, 'docs/runbook.md'), 'utf8').matchAll(/^\| `(Ratchet\w+)` /gm);
  expect(Array.from(listed, ([, name]) => name)).toEqual(names);
});

test('every expression of alerts and dashboards is one', () => {
  const expressions = expressionsOf(ROOT);
  expect(expressions.length).toBeGreaterThan(80);
  for (const { expr } of expressions) expect(metricsIn(expr)).not.toEqual([]);
});

test('metrics are found in whatever asks for them, and what is no expression is refused', () => {
  expect(metricsIn('sum by (a) (rate(x_bucket{y=~"$z"}[$__rate_interval])) / b offset 5m > 3')).toEqual([
    'x_bucket',
    'b',
  ]);
  expect(() => metricsIn('sum(x')).toThrow('Expected to read an expression in PromQL, but at');
});

test('a release of the chart asks for its own series alone', () => {
  expect(ofOneInstallation('sum by (job) (rate(x_bucket{y="z"}[5m])) / on(job) b offset 5m > 3 or absent(c)')).toBe(
    'sum by (job) (rate(x_bucket{job="$installation",y="z"}[5m])) / on(job) b{job="$installation"} offset 5m > 3 ' +
      'or absent(c{job="$installation"})',
  );
  for (const { expr } of alerts) expect(metricsIn(ofOneInstallation(expr))).toEqual(metricsIn(expr));
});

test('a metric that no scrape has is named, with who asks for it', () => {
  const all = expressionsOf(ROOT).flatMap(({ expr }) => metricsIn(expr));
  const scrape = (names: readonly string[]): string => names.map((name) => `# TYPE ${name} gauge\n`).join('');
  expect(missingMetrics(ROOT, [scrape(all)])).toEqual([]);
  expect(missingMetrics(ROOT, [scrape(all.filter((name) => name !== 'ratchet_group_silence_seconds'))])).toEqual([
    'RatchetGroupNotHeard asks for ratchet_group_silence_seconds',
    'Ratchet: services: Silence of the group asks for ratchet_group_silence_seconds',
  ]);
});
