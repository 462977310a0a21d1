import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { outcomeOf } from './kubernetes-tools.ts';

/** Programs that Go builds of their modules, in the versions that are checked here. */
const PROGRAMS = {
  /** Five seconds of one core. */
  kubeconform: ['github.com/yannh/kubeconform/cmd/kubeconform', 'v0.8.0'],
  /** Docker Compose; four minutes of one core. */
  'docker-compose': ['github.com/docker/compose/v2/cmd', 'v2.40.3'],
} as const;

/**
 * The path of a program: what its variable names (KUBECONFORM, DOCKER_COMPOSE), else what Go has built into `folder` once, in a module of
 * its own, since some of them say `exclude` in theirs, which `go install` refuses.
 * @throws Error where there is no Go, and nothing is named.
 */
export function goProgram(name: keyof typeof PROGRAMS, folder: string, log: (line: string) => void): string {
  const variable = name.toUpperCase().replace('-', '_');
  const named = process.env[variable];
  if (named !== undefined) return named;
  const [path, version] = PROGRAMS[name];
  const place = join(folder, `${name}-${version}`);
  const program = join(place, name);
  if (existsSync(program)) return program;
  requireGo(`build ${name}`, `, or name one that is there: ${variable}=/path/of/${name}`);
  log(`Building ${path} ${version} with Go (once) ...`);
  mkdirSync(place, { recursive: true });
  writeFileSync(join(place, 'go.mod'), 'module ratchet/programs\n');
  for (const args of [
    ['get', `${path}@${version}`],
    ['build', '-ldflags=-s -w', '-o', program, path],
  ])
    execFileSync('go', args, {
      cwd: place,
      env: { ...process.env, GOFLAGS: '-mod=mod -buildvcs=false' },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
  return program;
}

/** @throws Error that says how to have Go, where there is none. */
export function requireGo(toDo: string, otherwise = ''): void {
  const { code } = outcomeOf('sh', ['-c', 'go version']);
  if (code === 0) return;
  throw new Error(
    `Expected to ${toDo} with Go, but no go was found on the PATH. Install it (https://go.dev/doc/install; Debian, Ubuntu: ` +
      `apt-get install golang-go)${otherwise}`,
  );
}
