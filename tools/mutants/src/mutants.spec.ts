import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plant } from './mutant.ts';
import { mutants } from './mutants.ts';
import { simulationMutants } from './simulation-mutants.ts';

const root = join(import.meta.dirname, '../../..');
const sources = join(root, 'libs/domain/src');

test('the list has at least 30 bugs, each with a name of its own', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(30);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

test.each(mutants)('$file: $name', (mutant) => {
  const source = readFileSync(join(sources, mutant.file), 'utf8');
  expect(plant(mutant, source)).not.toBe(source);
});

test('there are at least 25 bugs for the simulation, each with a name of its own', () => {
  expect(simulationMutants.length).toBeGreaterThanOrEqual(25);
  expect(new Set(simulationMutants.map(({ name }) => name)).size).toBe(simulationMutants.length);
});

test.each(simulationMutants)('$file: $name', (mutant) => {
  const source = readFileSync(join(root, mutant.file), 'utf8');
  expect(plant(mutant, source)).not.toBe(source);
});

test('a text that is gone, or not alone, is an error', () => {
  const mutant = { name: 'n', file: 'f.ts', text: 'a', replacement: '$&' };
  expect(plant(mutant, 'bab')).toBe('b$&b');
  expect(() => plant(mutant, 'b')).toThrow('Expected to plant "n", but its text stands 0 times in f.ts: a');
  expect(() => plant(mutant, 'aa')).toThrow('its text stands 2 times');
});
