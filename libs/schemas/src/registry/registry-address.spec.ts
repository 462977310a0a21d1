import { registryAddress } from './registry-address.ts';

test.each<[given: string, url: string, credentials: string | undefined]>([
  ['http://registry:8081', 'http://registry:8081', undefined],
  ['https://registry/apis/ccompat/v7/', 'https://registry/apis/ccompat/v7', undefined],
  ['http://user:secret@registry:8081/path', 'http://registry:8081/path', 'user:secret'],
  ['http://user@registry', 'http://registry', 'user:'],
  ['http://a%40b:p%3Aw%2F@registry', 'http://registry', 'a@b:p:w/'],
])('%s is reached at %s', (given, shown, credentials) => {
  const { url, authorization } = registryAddress(given);
  expect(url).toBe(shown);
  const expected = credentials === undefined ? undefined : `Basic ${Buffer.from(credentials).toString('base64')}`;
  expect(authorization()).toBe(expected);
});

test.each<[given: unknown, shown: string]>([
  ['registry:8081', `'registry:8081'`],
  ['ftp://user:secret@registry', 'one with credentials'],
  ['http://user:se/cret@ registry', 'one with credentials'],
  ['user:secret@registry:8081', 'one with credentials'],
  [undefined, 'of type undefined'],
])('%s is no address, and no secret is shown', (given, shown) => {
  expect(() => registryAddress(given as string)).toThrow(
    `[RKT1101] Expected the schema registry's address as a URL such as 'http://localhost:8081/apis/ccompat/v7', but it is ${shown}`,
  );
});
