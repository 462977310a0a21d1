import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { join } from 'node:path';
import { plant, type Mutant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { simulationMutants } from './simulation-mutants.ts';

const root = join(import.meta.dirname, '../../..');
const sources = join(root, 'libs/domain/src');

test('the list has at least 30 bugs, each with a name of its own', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(30);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

/** A source that cannot even be read would be found by whatever loads it. */
function expectToBePlanted(mutant: Mutant, folder: string): void {
  const source = readFileSync(join(folder, mutant.file), 'utf8');
  const planted = plant(mutant, source);
  expect(planted).not.toBe(source);
  expect(() => stripTypeScriptTypes(planted)).not.toThrow();
}

test.each(mutants)('$file: $name', (mutant) => {
  expectToBePlanted(mutant, sources);
});

test('there are at least 25 bugs for the simulation, each with a name of its own', () => {
  expect(simulationMutants.length).toBeGreaterThanOrEqual(25);
  expect(new Set(simulationMutants.map(({ name }) => name)).size).toBe(simulationMutants.length);
});

test.each(simulationMutants)('$file: $name', (mutant) => {
  expectToBePlanted(mutant, root);
});

test('a text that is gone, or not alone, is an error', () => {
  const mutant = { name: 'n', file: 'f.ts', text: 'a', replacement: '$&' };
  expect(plant(mutant, 'bab')).toBe('b$&b');
  expect(() => plant(mutant, 'b')).toThrow('Expected to plant "n", but its text stands 0 times in f.ts: a');
  expect(() => plant(mutant, 'aa')).toThrow('its text stands 2 times');
});
