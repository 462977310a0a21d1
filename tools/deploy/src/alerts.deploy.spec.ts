import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expressionsOf } from './alerts.ts';
import { ROOT } from './chart.ts';
import { outcomeOf, type Outcome } from './kubernetes-tools.ts';
import { prometheusTool } from './prometheus-tools.ts';

const promtool = (...args: readonly string[]): Outcome =>
  outcomeOf(prometheusTool('promtool', join(ROOT, '.ratchet', 'deploy')), args);
const folder = mkdtempSync(join(tmpdir(), 'ratchet-rules-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

test('Prometheus takes the rules, and each rings when it must and at no other time', () => {
  expect(promtool('check', 'rules', join(ROOT, 'deploy/prometheus/rules.yaml'))).toMatchObject({ code: 0, stderr: '' });
  const { code, stdout, stderr } = promtool('test', 'rules', join(ROOT, 'deploy/prometheus/rules.test.yaml'));
  expect({ code, said: stdout + stderr }).toEqual({ code: 0, said: expect.stringContaining('SUCCESS') as unknown });
});

test('Prometheus takes what the dashboards ask for', () => {
  const rules = expressionsOf(ROOT).map(({ expr }, index) => ({
    record: `of:${String(index)}`,
    expr: expr.replaceAll('$__rate_interval', '5m'),
  }));
  const file = join(folder, 'rules.yaml');
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboards', rules }] }));
  expect(promtool('check', 'rules', file)).toMatchObject({ code: 0, stderr: '' });
});
