import { existsSync, globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { scaledWorkers } from './keda.ts';
import { strimziDefaults, strimziTopics, strimziUsers } from './strimzi.ts';
import { valuesSchema } from './values-schema.ts';

const CHART = 'deploy/helm/ratchet';
/** What Prometheus and Grafana read, and its copies: a chart has only what is in its own folder. */
const COPIED = [
  { from: 'deploy/prometheus/rules.yaml', to: `${CHART}/files/prometheus` },
  { from: 'deploy/grafana/*.json', to: `${CHART}/files/grafana` },
];

const MADE =
  '# Made by `npm run generate`; for others: `npm run -s strimzi -- --cluster kafka --prefix team-a.`\n# It is made ';

/** Files of `deploy/` that are made from others: path below `root`, content. */
export function generatedFiles(root: string): ReadonlyMap<string, string> {
  const copies = COPIED.flatMap(({ from, to }) =>
    globSync(from, { cwd: root }).map((path): [string, string] => [
      `${to}/${basename(path)}`,
      readFileSync(join(root, path), 'utf8'),
    ]),
  );
  return new Map([
    [`${CHART}/values.schema.json`, `${JSON.stringify(valuesSchema, undefined, 2)}\n`],
    ['deploy/strimzi/topics.yaml', `${MADE}from schemas/topics.json.\n${strimziTopics(strimziDefaults)}`],
    ['deploy/strimzi/users.yaml', `${MADE}from the table of rights.\n${strimziUsers(strimziDefaults)}`],
    ['deploy/keda/worker.yaml', scaledWorkers(strimziDefaults)],
    ...copies,
  ]);
}

/** Paths of those that are missing, differ from what was generated, or are copies of what is gone. */
export function staleFiles(root: string, generated: ReadonlyMap<string, string>): readonly string[] {
  const contentOf = (path: string): string | undefined =>
    existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : undefined;
  const differing = [...generated].filter(([path, content]) => contentOf(path) !== content).map(([path]) => path);
  const copies = COPIED.flatMap(({ to }) => globSync(`${to}/*`, { cwd: root }));
  return [...differing, ...copies.filter((path) => !generated.has(path))];
}
