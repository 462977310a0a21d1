import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { plant } from './mutant.ts';
import { mutants } from './mutants.ts';

const sources = join(import.meta.dirname, '../../../libs/domain/src');

test('the list has at least 30 bugs, each with a name of its own', () => {
  expect(mutants.length).toBeGreaterThanOrEqual(30);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

test.each(mutants)('$file: $name', (mutant) => {
  const source = readFileSync(join(sources, mutant.file), 'utf8');
  expect(plant(mutant, source)).not.toBe(source);
});

test('a text that is gone, or not alone, is an error', () => {
  const mutant = { name: 'n', file: 'f.ts', text: 'a', replacement: '$&' };
  expect(plant(mutant, 'bab')).toBe('b$&b');
  expect(() => plant(mutant, 'b')).toThrow('Expected to plant "n", but its text stands 0 times in f.ts: a');
  expect(() => plant(mutant, 'aa')).toThrow('its text stands 2 times');
});
