import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, stringify } from 'yaml';
import { ruleFileOf } from './alerts.ts';
import { dashboards } from './dashboards.ts';
import { ofOneInstallation } from './expression-metrics.ts';
import { scaledWorkers } from './keda.ts';
import { strimziDefaults, strimziTopics, strimziUsers } from './strimzi.ts';
import { valuesSchemaOf } from './values-schema.ts';

const CHART = 'deploy/helm/ratchet';
const RULES = 'deploy/prometheus/rules.yaml';
/** What Prometheus and Grafana read, where nothing else may lie. A chart has only what is in its own folder. */
const FOLDERS = ['deploy/grafana', `${CHART}/files/grafana`, `${CHART}/files/prometheus`];

const MADE =
  '# Made by `npm run generate`; for others: `npm run -s strimzi -- --cluster kafka --prefix team-a.`\n# It is made ';

/** Files of `deploy/` that are made from others: path below `root`, content. */
export function generatedFiles(root: string): ReadonlyMap<string, string> {
  const boards = Array.from(dashboards, ([name, board]): [string, string] => [name, jsonOf(board)]);
  return new Map([
    [`${CHART}/values.schema.json`, jsonOf(valuesSchemaOf(valuesIn(root)))],
    ['deploy/strimzi/topics.yaml', `${MADE}from schemas/topics.json.\n${strimziTopics(strimziDefaults)}`],
    ['deploy/strimzi/users.yaml', `${MADE}from the table of rights.\n${strimziUsers(strimziDefaults)}`],
    ['deploy/keda/worker.yaml', scaledWorkers(strimziDefaults)],
    [`${CHART}/files/prometheus/${basename(RULES)}`, rulesOfARelease(root)],
    ...['deploy/grafana', `${CHART}/files/grafana`].flatMap((folder) =>
      boards.map(([name, content]): [string, string] => [`${folder}/${name}`, content]),
    ),
  ]);
}

/** A release of the chart brings alerts that are about itself: two do not wake twice for one of them, and miss nobody of the other. */
function rulesOfARelease(root: string): string {
  const groups = ruleFileOf(root).groups.map(({ name, rules }) => ({
    name,
    rules: rules.map((rule) => ({ ...rule, expr: ofOneInstallation(rule.expr) })),
  }));
  return `# Made by \`npm run generate\` from ${RULES}.\n${stringify({ groups }, { lineWidth: 0 })}`;
}

const valuesIn = (root: string): Record<string, unknown> =>
  parse(readFileSync(join(root, CHART, 'values.yaml'), 'utf8')) as Record<string, unknown>;

const jsonOf = (value: unknown): string => `${JSON.stringify(value, undefined, 2)}\n`;

/** Paths of those that are missing, differ from what was generated, or were made from what is gone. */
export function staleFiles(root: string, generated: ReadonlyMap<string, string>): readonly string[] {
  const contentOf = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  const differing = [...generated].filter(([path, content]) => contentOf(path) !== content).map(([path]) => path);
  const found = FOLDERS.flatMap((folder) => globSync(`${folder}/*`, { cwd: root }));
  return [...differing, ...found.filter((path) => !generated.has(path))];
}
