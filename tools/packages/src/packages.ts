import { transformFile } from '@swc/core';
import { execFile } from 'node:child_process';
import { copyFileSync, existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

export const root = join(import.meta.dirname, '../../..');

/** A package that users import. */
export interface Package {
  readonly name: string;
  readonly folder: string;
}

/** Every package of the workspace that may be published: those that are not private. */
export function packages(): readonly Package[] {
  const { workspaces } = manifestOf(root);
  return globSync(workspaces, { cwd: root })
    .map((folder) => join(root, folder))
    .filter((folder) => existsSync(join(folder, 'package.json')))
    .sort()
    .filter((folder) => manifestOf(folder).private !== true)
    .map((folder) => ({ name: manifestOf(folder).name, folder }));
}

interface Manifest {
  readonly name: string;
  readonly private?: boolean;
  readonly workspaces: string[];
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;

/**
 * Packs a package as `npm pack` does, which builds it before.
 *
 * @param target the folder that the tarball is written to.
 * @param more arguments of npm.
 * @returns the path of the tarball.
 */
export async function pack({ folder }: Package, target: string, ...more: readonly string[]): Promise<string> {
  const args = ['pack', '--silent', '--json', '--pack-destination', target, ...more];
  const { stdout } = await promisify(execFile)('npm', args, { cwd: folder, maxBuffer: 16 * 1024 * 1024 });
  const [packed] = JSON.parse(stdout) as readonly { readonly filename: string }[];
  if (packed === undefined) throw new Error(`Expected npm to pack ${folder}, but it says ${stdout}`);
  return join(target, packed.filename);
}

/**
 * Adds to a package what its tarball holds beside what `tsc` has built: the CommonJS copy in `dist/cjs`, and the licence. What
 * was built of a file that is no more is removed.
 *
 * Node itself never loads the copy: the condition `module-sync` gives `require` the ES modules, so that a process has every
 * class once. The copy is for those that cannot `require` ES modules, as Jest.
 *
 * @param folder of the package, an absolute path.
 * @returns how many modules the copy has.
 */
export async function completePackage(folder: string): Promise<number> {
  const dist = join(folder, 'dist');
  const built = globSync('**/*.js', { cwd: dist, exclude: (name) => name === 'cjs' });
  const hasSource = (file: string): boolean =>
    !ofTests.test(file) && existsSync(join(folder, 'src', file.replace(/\.js$/, '.ts')));
  const modules = built.filter(hasSource);
  if (modules.length === 0) throw new Error(`Expected to complete ${folder}, but it is not built: run tsc -b`);
  const stale = built.filter((file) => !hasSource(file)).flatMap(outputsOf);
  for (const file of stale) rmSync(join(dist, file), { force: true });

  const target = join(dist, 'cjs');
  rmSync(target, { recursive: true, force: true });
  mkdirSync(target, { recursive: true });
  writeFileSync(join(target, 'package.json'), '{ "type": "commonjs" }\n');
  await Promise.all(modules.map((file) => copyAsCommonJs(dist, file, target)));

  copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
  return modules.length;
}

const ofTests = /\.(?:spec|fixture|arbitrary)\.js$/;

const outputsOf = (file: string): readonly string[] =>
  ['.js', '.js.map', '.d.ts', '.d.ts.map'].map((suffix) => file.replace(/\.js$/, suffix));

/** The types are the same: those of CommonJS modules by the `package.json` above them. */
async function copyAsCommonJs(dist: string, file: string, target: string): Promise<void> {
  const { code } = await transformFile(join(dist, file), {
    swcrc: false,
    jsc: { target: 'es2024' },
    module: { type: 'commonjs' },
  });
  const types = file.replace(/\.js$/, '.d.ts');
  mkdirSync(dirname(join(target, file)), { recursive: true });
  writeFileSync(join(target, file), withoutMap(code));
  writeFileSync(join(target, types), withoutMap(readFileSync(join(dist, types), 'utf8')));
}

const withoutMap = (text: string): string => text.replace(/\n? ?\/\/# sourceMappingURL=\S+\s*$/, '\n');
