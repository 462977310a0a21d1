import { resolve } from 'node:path';
import { readOptions } from './demo-options.ts';

test.each([
  { args: [], options: { help: false, input: '/repository' } },
  { args: ['--input', '/tmp/papers'], options: { help: false, input: '/tmp/papers' } },
  { args: ['--input=papers'], options: { help: false, input: resolve('papers') } },
  { args: ['--help'], options: { help: true, input: '/repository' } },
])('$args', ({ args, options }) => {
  expect(readOptions(args, '/repository')).toEqual(options);
});

test.each([
  { args: ['--inptu', 'x'], says: /--inptu/ },
  { args: ['papers'], says: /papers/ },
  { args: ['--input'], says: /--input/ },
  { args: ['--input='], says: /but it is empty/ },
])('$args is refused', ({ args, says }) => {
  expect(() => readOptions(args, '/repository')).toThrow(says);
});
