import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { dashboards } from './dashboards.ts';
import { metricsIn } from './expression-metrics.ts';

/** One rule of `deploy/prometheus/rules.yaml`, as Prometheus takes it. */
export interface Alert {
  readonly alert: string;
  readonly expr: string;
  readonly for?: string;
  readonly labels: { readonly severity: string };
  readonly annotations: Readonly<Record<'summary' | 'description' | 'runbook_url', string>>;
}

/** A file of Prometheus' alerting rules, parsed. */
export interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[];
}

/** The rules of the repository at `root`. */
export const ruleFileOf = (root: string): RuleFile =>
  parse(readFileSync(join(root, 'deploy/prometheus/rules.yaml'), 'utf8')) as RuleFile;

/** The alerts of the repository at `root`. */
export const alertsOf = (root: string): readonly Alert[] => ruleFileOf(root).groups.flatMap(({ rules }) => rules);

/**
 * Every expression of alerts and dashboards, with where it stands: an alert, or dashboard and panel. Of a variable of a
 * dashboard it is the metric that has its values.
 */
export function expressionsOf(root: string): readonly { readonly at: string; readonly expr: string }[] {
  const alerts = alertsOf(root).map(({ alert, expr }) => ({ at: alert, expr }));
  const boards = Array.from(dashboards.values()).flatMap(({ title = '', panels = [], templating }) => [
    ...panels.flatMap((panel) =>
      'targets' in panel
        ? (panel.targets ?? []).map((target) => ({
            at: `${title}: ${String(panel.title)}`,
            expr: (target as unknown as { readonly expr: string }).expr,
          }))
        : [],
    ),
    ...(templating.list ?? []).flatMap(({ name, query }) => {
      const metric = /^label_values\((\w+), \w+\)$/.exec(typeof query === 'string' ? query : '')?.[1];
      return metric === undefined ? [] : [{ at: `${title}: $${name}`, expr: metric }];
    }),
  ]);
  return [...alerts, ...boards];
}

/** What asks for metrics that a scrape of these texts does not have: nothing, when all is well. */
export function missingMetrics(root: string, scrapes: readonly string[]): readonly string[] {
  const known = new Set(scrapes.flatMap(namesIn));
  return expressionsOf(root).flatMap(({ at, expr }) =>
    metricsIn(expr)
      .filter((name) => !known.has(name))
      .map((name) => `${at} asks for ${name}`),
  );
}

/** Names of the series that a scrape has, or will have as soon as something happens. */
function namesIn(scrape: string): readonly string[] {
  return Array.from(scrape.matchAll(/^# TYPE (\S+) (\S+)$/gm), ([, name = '', type = '']) =>
    type === 'histogram' || type === 'summary'
      ? ['', '_bucket', '_sum', '_count'].map((suffix) => `${name}${suffix}`)
      : [name],
  ).flat();
}
