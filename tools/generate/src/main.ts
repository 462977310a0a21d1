// node tools/generate/src/main.ts [--check] [schemas [generated]]: writes libs/schemas/src/generated from schemas/, or
// says what is stale.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { parseArgs } from 'node:util';
import { generate } from './generate.ts';
import { staleFiles } from './stale-files.ts';

const root = join(import.meta.dirname, '../../..');
const { values, positionals } = parseArgs({
  options: { check: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const [source = join(root, 'schemas'), target = join(root, 'libs/schemas/src/generated')] = positionals;

mkdirSync(target, { recursive: true });
const generated = await generate(source);
const stale = staleFiles(target, generated);

if (!values.check) {
  for (const file of stale) rmSync(join(target, file), { force: true });
  for (const [file, content] of generated) writeFileSync(join(target, file), content);
  process.stdout.write(`${target}: ${String(stale.length)} of ${String(generated.size)} files changed\n`);
} else if (stale.length > 0) {
  process.stderr.write(
    `Expected to find ${target} fresh, but these differ from the schemas: ${stale.join(', ')}\n` +
      'Run: node tools/generate/src/main.ts\n',
  );
  process.exitCode = 1;
}
