import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse, parseAllDocuments } from 'yaml';
import { bringKubernetesTools, outcomeOf, type KubernetesTools, type Outcome } from './kubernetes-tools.ts';

export const ROOT = join(import.meta.dirname, '..', '..', '..');
export const CHART = join(ROOT, 'deploy', 'helm', 'ratchet');

/** An object of Kubernetes, as far as it is looked at here. */
export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly spec: Readonly<Record<string, unknown>>;
  readonly data?: Readonly<Record<string, string>>;
}

/** Values that the chart must take: by the name of their file. */
export const cases: ReadonlyMap<string, string> = new Map(
  globSync(['deploy/helm/ratchet/ci/*.yaml', 'deploy/examples/values-*.yaml'], { cwd: ROOT })
    .sort()
    .map((path) => [basename(path, '.yaml').replace('values-', ''), join(ROOT, path)]),
);

export const valuesOf = (path: string): Record<string, unknown> =>
  parse(readFileSync(path, 'utf8')) as Record<string, unknown>;

/** Brought once, beside the other caches of this workspace. */
export const kubernetesTools = (): KubernetesTools => bringKubernetesTools(join(ROOT, '.ratchet', 'deploy'));

export function helm(args: readonly string[], input?: string): Outcome {
  return outcomeOf(kubernetesTools().helm, args, input);
}

/** What `helm template` makes of the chart. @throws Error with what Helm says. */
export function rendered(values: string, ...args: readonly string[]): readonly Manifest[] {
  const { code, stdout, stderr } = helm([
    'template',
    'ratchet',
    CHART,
    '--namespace',
    'ratchet',
    '--values',
    values,
    ...args,
  ]);
  if (code !== 0) throw new Error(stderr);
  return manifestsIn(stdout);
}

export function manifestsIn(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => {
      if (document.errors[0] !== undefined) throw document.errors[0];
      return document.toJS() as Manifest | null;
    })
    .filter((manifest): manifest is Manifest => manifest !== null);
}
