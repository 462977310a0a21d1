// Prints the closing line of `.ci/run`: what all runs of Jest since the folder was emptied counted together.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './projects.mjs';

const folder = join(ROOT, '.ratchet', 'tests');
const runs = existsSync(folder)
  ? readdirSync(folder).map((name) => JSON.parse(readFileSync(join(folder, name), 'utf8')))
  : [];
const sum = (what) => runs.reduce((total, run) => total + run[what], 0);
const skipped = sum('skipped');
console.log(`Tests: ${sum('passed')} passed, ${sum('failed')} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`);
