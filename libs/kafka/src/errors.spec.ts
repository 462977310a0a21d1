import { readdirSync } from 'node:fs';
import { operationalErrorCodes } from './errors.ts';

test('every error code has its page, and every page its code', () => {
  const pages = readdirSync(new URL('../../../docs/errors/', import.meta.url)).map((file) => file.replace(/\.md$/, ''));
  expect(pages.toSorted()).toEqual([...operationalErrorCodes].toSorted());
});
