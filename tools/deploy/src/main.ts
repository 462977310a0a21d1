// node --conditions=@ratchet/source tools/deploy/src/main.ts [--check]: writes what of deploy/ is made from other files, or says
// what of it is stale.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { generatedFiles, staleFiles } from './generated-files.ts';

const root = join(import.meta.dirname, '../../..');
const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });

const generated = generatedFiles(root);
const stale = staleFiles(root, generated);

if (!values.check) {
  for (const path of stale) {
    const content = generated.get(path);
    const file = join(root, path);
    mkdirSync(dirname(file), { recursive: true });
    if (content === undefined) rmSync(file);
    else writeFileSync(file, content);
  }
  process.stdout.write(`${join(root, 'deploy')}: ${stale.length} of ${generated.size} files changed\n`);
} else if (stale.length > 0) {
  process.stderr.write(
    `Expected to find deploy/ fresh, but these differ from what they are made from: ${stale.join(', ')}\n` +
      'Run: npm run generate\n',
  );
  process.exitCode = 1;
}
