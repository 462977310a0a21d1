import { checkPackage, createPackageFromTarballData, type Problem } from '@arethetypeswrong/core';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { publint } from 'publint';
import { completePackage, pack, packages } from './packages.ts';

const target = mkdtempSync(join(tmpdir(), 'ratchet-packages-'));
afterAll(() => {
  rmSync(target, { recursive: true });
});

const manifestOf = (folder: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Record<string, unknown>;

test('what users import, and what it stands on, may be published', () => {
  const names = packages().map(({ name }) => name.replace('@ratchet/', ''));
  expect(names).toEqual(['client', 'domain', 'kafka', 'protocol', 'schemas', 'worker', 'workflow']);
});

test.each(packages())('$name is a package as publint and arethetypeswrong want it', async (each) => {
  const { version, ...manifest } = manifestOf(each.folder);
  expect(manifest).toMatchObject({
    license: 'Apache-2.0',
    engines: { node: '>=22.12' },
    description: expect.stringMatching(/\w/) as unknown,
  });
  const { dependencies = {} } = manifest as { readonly dependencies?: Readonly<Record<string, string>> };
  for (const [name, range] of Object.entries(dependencies)) {
    // One copy of each in a process: no two versions of them are compatible.
    if (name.startsWith('@ratchet/')) expect([name, range]).toEqual([name, version]);
  }

  // What `tsc -b` has built; that `npm pack` builds it, too, shows the test that installs.
  await completePackage(each.folder);
  const tarball = readFileSync(await pack(each, target, '--ignore-scripts'));
  const { buffer } = Uint8Array.from(tarball);
  const { messages } = await publint({ pack: { tarball: buffer }, strict: true });
  expect(messages).toEqual([]);

  const packed = createPackageFromTarballData(new Uint8Array(buffer));
  const files = packed
    .listFiles(`/node_modules/${each.name}`)
    .map((file) => file.replace(`/node_modules/${each.name}/`, ''));
  expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/index.js', 'dist/cjs/index.js']));
  expect(files.filter((file) => /\.(?:spec|fixture|arbitrary)\.|buildinfo/.test(file))).toEqual([]);
  const checked = await checkPackage(packed);
  expect(checked).toMatchObject({ types: { kind: 'included' } });
  expect((checked as { readonly problems: readonly Problem[] }).problems).toEqual([]);
});
