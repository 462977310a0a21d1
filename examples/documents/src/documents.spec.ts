import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { findDocuments } from './documents.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'documents-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const write = (path: string, content = 'text'): void => {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), content);
};

test('finds files at every depth, in one order, with / between the parts', async () => {
  for (const path of ['b.txt', 'a/z.txt', 'a/deep/er/x.md', 'B.txt', 'a.txt']) write(path);
  const { paths, leftOutCount } = await findDocuments(folder);
  expect(paths).toEqual(['B.txt', 'a.txt', 'a/deep/er/x.md', 'a/z.txt', 'b.txt']);
  expect(leftOutCount).toBe(0);
});

test.each(['node_modules', '.git', 'dist', 'dist-spec', '.ratchet', '.nx', 'coverage'])(
  'leaves out %s at any depth',
  async (name) => {
    for (const path of ['kept.txt', `${name}/left.txt`, `inner/${name}/deep/left.txt`]) write(path);
    expect((await findDocuments(folder)).paths).toEqual(['kept.txt']);
  },
);

test('a file may have a name that a folder may not', async () => {
  write('coverage');
  write('dist.txt');
  expect((await findDocuments(folder)).paths).toEqual(['coverage', 'dist.txt']);
});

test('leaves out what is too large, and says how many', async () => {
  write('small.txt', 'x'.repeat(10));
  write('large.txt', 'x'.repeat(11));
  expect(await findDocuments(folder, 10)).toEqual({ folder, paths: ['small.txt'], leftOutCount: 1 });
});

test('does not follow symbolic links', async () => {
  write('real/file.txt');
  symlinkSync(join(folder, 'real'), join(folder, 'loop'));
  symlinkSync(join(folder, 'real/file.txt'), join(folder, 'link.txt'));
  expect((await findDocuments(folder)).paths).toEqual(['real/file.txt']);
});

test('says when there is no such folder, and when it is a file', async () => {
  write('file.txt');
  await expect(findDocuments(join(folder, 'missing'))).rejects.toThrow(/but there is no such folder$/);
  await expect(findDocuments(join(folder, 'file.txt'))).rejects.toThrow(/but it is not a folder$/);
});
