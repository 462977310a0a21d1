import { spawn } from 'node:child_process';
import { join } from 'node:path';
import type { Mutant } from './mutant.ts';

const root = join(import.meta.dirname, '../../..');
const hook = join(import.meta.dirname, 'plant-hook.mjs');
const main = join(root, 'conformance/src/simulation/main.ts');

/** Worlds that are played until one fails. */
const seedsMax = 60;
/** A bug that makes the simulation hang is found. */
const playMsMax = 600_000;

/** Plays the simulation, with a bug planted in its sources as they are loaded. @returns whether it has found something. */
export function isFoundBySimulation(mutant: Mutant | undefined, seeds = seedsMax): Promise<boolean> {
  const planted = mutant && { RATCHET_MUTANT: JSON.stringify({ ...mutant, path: join(root, mutant.file) }) };
  const node = ['--conditions=@ratchet/source', ...(planted ? ['--import', hook] : []), main];
  return new Promise((resolve, reject) => {
    const playing = spawn(process.execPath, [...node, '--seeds', String(seeds), '--until-failure'], {
      stdio: 'ignore',
      timeout: playMsMax,
      env: { ...process.env, ...planted },
    });
    playing.once('error', reject);
    playing.once('exit', (code) => {
      resolve(code !== 0);
    });
  });
}
