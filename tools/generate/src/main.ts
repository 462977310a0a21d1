// node tools/generate/src/main.ts [--check]: writes libs/schemas/src/generated from schemas/, or says what is stale.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { generate } from './generate.ts';
import { staleFiles } from './stale-files.ts';

const root = join(import.meta.dirname, '../../..');
const target = join(root, 'libs/schemas/src/generated');
mkdirSync(target, { recursive: true });

const generated = await generate(join(root, 'schemas'));
const stale = staleFiles(target, generated);

if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    process.stderr.write(
      `Expected to find libs/schemas/src/generated fresh, but these differ from schemas/: ${stale.join(', ')}.\n` +
        'Run: node tools/generate/src/main.ts\n',
    );
    process.exitCode = 1;
  }
} else {
  for (const file of stale) rmSync(join(target, file), { force: true });
  for (const [file, content] of generated) writeFileSync(join(target, file), content);
  process.stdout.write(
    `libs/schemas/src/generated: ${String(stale.length)} of ${String(generated.size)} files changed\n`,
  );
}
