import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

export const ROOT = join(import.meta.dirname, '..', '..');

/** Every package that has tests, as a project of one run of Jest: its own configuration, with the files of this run. */
export async function projectsWith(testMatch, more = {}) {
  const { workspaces } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const folders = globSync(workspaces, { cwd: ROOT })
    .map((folder) => join(ROOT, folder))
    .filter((folder) => existsSync(join(folder, 'jest.config.mjs')))
    .sort();
  return Promise.all(
    folders.map(async (folder) => {
      const own = await import(pathToFileURL(join(folder, 'jest.config.mjs')).href);
      const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
      const displayName = name.replace('@ratchet/', '');
      return { ...own.default, rootDir: folder, displayName, testMatch, ...more };
    }),
  );
}

/** The same projects, each of whose tests finds its worker's broker in its environment. */
export const onBroker = (projects) =>
  projects.map((project) => ({
    ...project,
    setupFiles: [...(project.setupFiles ?? []), join(import.meta.dirname, 'worker-broker.mjs')],
  }));

/** The reporters of a run: Jest's own, and the counts for the closing line of `.ci/run`. */
export const reporters = (run) => ['default', [join(import.meta.dirname, 'counts-reporter.mjs'), { run }]];
