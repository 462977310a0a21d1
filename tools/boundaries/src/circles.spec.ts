import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';

const ROOT = join(import.meta.dirname, '..', '..', '..');
/** Their folders tell a plan: whoever opens one need not open those that are built on it. */
const WITHOUT_CIRCLES = ['libs/kafka'];

type Graph = ReadonlyMap<string, ReadonlySet<string>>;

/** File to the files of its room that it imports; both relative to the room's `src`. */
function importsOf(folder: string): Graph {
  const root = join(ROOT, folder, 'src');
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' });
  const sources = files.filter((file) => file.endsWith('.ts') && !file.includes('.spec.') && !/^testing\b/.test(file));
  return new Map(
    sources.map((file) => {
      const text = readFileSync(join(root, file), 'utf8');
      const imports = Array.from(text.matchAll(/ from '(\.[^']+)'/g), ([, path = '']) => path);
      return [file, new Set(imports.map((path) => relative(root, join(root, dirname(file), path))))];
    }),
  );
}

/** The door of a room imports all of its folders. */
function foldersOf(files: Graph): Graph {
  const folders = new Map<string, Set<string>>();
  for (const [file, imports] of files) {
    const own = dirname(file);
    const others = file === 'index.ts' ? [] : Array.from(imports, dirname).filter((other) => other !== own);
    folders.set(own, new Set([...(folders.get(own) ?? []), ...others]));
  }
  return folders;
}

function circlesOf(graph: Graph): readonly string[] {
  const circles: string[] = [];
  const left = new Set<string>();
  const visit = (node: string, path: readonly string[]): void => {
    if (path.includes(node)) circles.push([...path.slice(path.indexOf(node)), node].join(' -> '));
    else if (!left.has(node)) for (const next of graph.get(node) ?? []) visit(next, [...path, node]);
    left.add(node);
  };
  for (const node of graph.keys()) visit(node, []);
  return circles;
}

test('a circle is found', () => {
  const graph = new Map([
    ['a', new Set(['b'])],
    ['b', new Set(['c'])],
    ['c', new Set(['b'])],
  ]);
  expect(circlesOf(graph)).toEqual(['b -> c -> b']);
});

test.each(WITHOUT_CIRCLES)('no file and no folder of %s imports what imports it', (folder) => {
  const files = importsOf(folder);
  expect(files.size).toBeGreaterThan(20);
  expect([...circlesOf(files), ...circlesOf(foldersOf(files))]).toEqual([]);
});
