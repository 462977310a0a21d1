import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { serviceRoles } from './member.ts';
import { ownRoot } from './stage.ts';

const run = promisify(execFile);

/** Stands in for the last release as long as there is none: the first commit whose drill can be played beside this one. */
const beforeAnyRelease = '4f52bc8f2a765f96e7b2bd71bdaf7d62aed9d5b3';
/** Built where they are looked for, by the names of their commits. */
const cache = join(ownRoot, '.ratchet', 'releases');
const outputBytesMax = 64 * 1024 * 1024;

export interface Release {
  /** A tag or a branch, or what the commit is named by. */
  readonly ref: string;
  readonly commit: string;
  /** Of its repository, installed and built. */
  readonly root: string;
}

/**
 * A former release, as it was: checked out beside this repository, installed from its own lock file and built, once.
 *
 * @param ref of git's; default: the newest tag `v*` that this commit comes after, else a commit that stands in for it.
 * @throws Error when git does not know it, or it cannot be installed or built.
 */
export async function bringRelease(ref: string | undefined, say: (line: string) => void): Promise<Release> {
  const wanted = ref ?? (await lastTag()) ?? beforeAnyRelease;
  const commit = await git('rev-parse', '--verify', '--quiet', `${wanted}^{commit}`).catch(() => {
    throw new Error(
      `Expected to find the release '${wanted}', but git does not know it here: fetch it, or name another`,
    );
  });
  const root = join(cache, commit);
  if (!existsSync(root)) await build(commit, root, say);
  return { ref: wanted, commit, root };
}

const git = async (...args: readonly string[]): Promise<string> => (await runIn(ownRoot, 'git', args)).trim();

async function lastTag(): Promise<string | undefined> {
  const tags = await git('tag', '--list', 'v*', '--merged', 'HEAD', '--sort=-version:refname');
  return tags.split('\n').find((tag) => tag !== '');
}

/** In a folder of its own, which gets its name once all is there. */
async function build(commit: string, root: string, say: (line: string) => void): Promise<void> {
  const making = `${root}.${randomUUID()}`;
  mkdirSync(making, { recursive: true });
  try {
    say(`installing and building ${commit.slice(0, 12)}, once ...`);
    const tar = join(making, 'release.tar');
    await git('archive', `--output=${tar}`, commit);
    await runIn(making, 'tar', ['-xf', tar]);
    rmSync(tar);
    await runIn(making, 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
    const programs = [...serviceRoles.map((name) => `services/${name}`), 'tools/drill'];
    const projects = programs.map((folder) => `${folder}/tsconfig.lib.json`);
    await runIn(making, process.execPath, ['node_modules/typescript/bin/tsc', '-b', ...projects]);
    if (!existsSync(root)) renameSync(making, root);
  } catch (error) {
    throw new Error(`Expected to build ${commit}, but: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function runIn(cwd: string, program: string, args: readonly string[]): Promise<string> {
  const path = [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter);
  const { stdout } = await run(program, args, { cwd, maxBuffer: outputBytesMax, env: { ...process.env, PATH: path } });
  return stdout;
}
