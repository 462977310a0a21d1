import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { requireGo } from './go-programs.ts';

/** The version whose schemas are in tools/deploy/schemas. */
const MINOR = '36.3';

/** Programs of Kubernetes, and what each is made by in its package `app`. */
const PROGRAMS = {
  'kube-apiserver': 'NewAPIServerCommand',
  'kube-controller-manager': 'NewControllerManagerCommand',
  'kube-scheduler': 'NewSchedulerCommand',
} as const;

export type KubernetesProgram = keyof typeof PROGRAMS;

/**
 * Paths of Kubernetes' own programs, built by Go from the module k8s.io/kubernetes into `folder` once: about ten minutes of one core,
 * and 2 GB of memory while they are linked.
 * @throws Error where there is no Go.
 */
export function buildKubernetes(
  folder: string,
  log: (line: string) => void,
): Readonly<Record<KubernetesProgram, string>> {
  const laid = join(folder, `kubernetes-1.${MINOR}`);
  const paths = Object.fromEntries(Object.keys(PROGRAMS).map((name) => [name, join(laid, name)]));
  if (Object.values(paths).some((path) => !existsSync(path))) {
    requireGo('build Kubernetes');
    log(
      `Building kube-apiserver, kube-controller-manager and kube-scheduler 1.${MINOR} with Go (once; about ten minutes) ...`,
    );
    const making = `${laid}.${randomUUID()}`;
    mkdirSync(making, { recursive: true });
    try {
      build(making);
      rmSync(laid, { recursive: true, force: true });
      renameSync(making, laid);
    } finally {
      rmSync(making, { recursive: true, force: true });
    }
  }
  return paths as Record<KubernetesProgram, string>;
}

/** Kubernetes' own modules have versions of their own, which its go.mod names as folders beside it. */
function build(folder: string): void {
  const go = (...args: readonly string[]): string =>
    execFileSync('go', args, {
      cwd: folder,
      encoding: 'utf8',
      env: { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' },
      stdio: ['ignore', 'pipe', 'inherit'],
      maxBuffer: 64 * 1024 * 1024,
    });
  const { GoMod: path } = JSON.parse(go('mod', 'download', '-json', `k8s.io/kubernetes@v1.${MINOR}`)) as {
    GoMod: string;
  };
  const original = readFileSync(path, 'utf8');
  const staging = [...original.matchAll(/(k8s\.io\/[a-z0-9-]+) => \.\/staging\//g)].map(([, name = '']) => name);
  const replaced = [...new Set(staging)].map((name) => `\t${name} => ${name} v0.${MINOR}\n`).join('');
  const goVersion = /^go .+$/m.exec(original)?.[0] ?? '';
  writeFileSync(
    join(folder, 'go.mod'),
    `module ratchet/kubernetes\n\n${goVersion}\n\nrequire k8s.io/kubernetes v1.${MINOR}\n\nreplace (\n${replaced})\n`,
  );
  for (const [name, command] of Object.entries(PROGRAMS)) {
    mkdirSync(join(folder, 'cmd', name), { recursive: true });
    writeFileSync(join(folder, 'cmd', name, 'main.go'), main(name, command));
  }
  go('mod', 'tidy');
  const version = `-X k8s.io/component-base/version.gitVersion=v1.${MINOR}`;
  // one after the other: linking two at once takes 4 GB
  for (const name of Object.keys(PROGRAMS))
    go('build', '-ldflags', `-s -w ${version}`, '-o', `${folder}/`, `./cmd/${name}`);
}

const main = (name: string, command: string): string => `package main

import (
	"os"

	"k8s.io/component-base/cli"
	_ "k8s.io/component-base/logs/json/register"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/kubernetes/cmd/${name}/app"
)

func main() { os.Exit(cli.Run(app.${command}())) }
`;
