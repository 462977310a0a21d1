// node tools/packages/src/main.ts [folder...]: completes what `tsc -b` has built of these packages, for `npm pack`; without
// folders, packs every package that users import into .ratchet/packages.
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { completePackage, pack, packages, root } from './packages.ts';

const folders = process.argv.slice(2);
for (const folder of folders) await completePackage(resolve(folder));

if (folders.length === 0) {
  const target = join(root, '.ratchet/packages');
  mkdirSync(target, { recursive: true });
  for (const each of packages()) process.stdout.write(`${await pack(each, target)}\n`);
}
