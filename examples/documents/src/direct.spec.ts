import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { computeDirectly, digestOf, walkDirectly } from './direct.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'direct-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test.each([
  { content: '', sizeBytes: 0, lineCount: 0 },
  { content: 'one line without an end', sizeBytes: 23, lineCount: 0 },
  { content: 'two\nlines\n', sizeBytes: 10, lineCount: 2 },
  { content: 'ä\n', sizeBytes: 3, lineCount: 1 },
])('counts bytes and line feeds of $content', ({ content, sizeBytes, lineCount }) => {
  writeFileSync(join(folder, 'file'), content);
  expect(computeDirectly(folder, 'file').readDocument).toEqual({ sizeBytes, lineCount });
});

test('the checksum is that of sha256sum', () => {
  writeFileSync(join(folder, 'file'), 'abc');
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  const { checksumDocument, compressDocument } = computeDirectly(folder, 'file');
  expect(checksumDocument).toEqual({ sha256 });
  expect(compressDocument.unzippedSha256).toBe(sha256);
  expect(digestOf('abc')).toBe(sha256);
});

test('the digest of a walk knows contents, names and order', () => {
  for (const name of ['a', 'b']) writeFileSync(join(folder, name), name);
  const digest = (...paths: readonly string[]): string => walkDirectly(folder, paths).digest;
  const digests = [digest('a', 'b'), digest('b', 'a'), digest('a')];
  writeFileSync(join(folder, 'a'), 'other');
  digests.push(digest('a', 'b'));
  expect(new Set(digests).size).toBe(4);
});
