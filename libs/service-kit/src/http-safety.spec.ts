import { hostPattern, isHostIn, refuseForeign, type ForeignRequestError } from './http-safety.ts';

const statusOf = (host: string | undefined, origin?: string, names: readonly string[] = []): number => {
  try {
    refuseForeign({ host, origin }, names);
    return 200;
  } catch (error) {
    return (error as ForeignRequestError).getStatus();
  }
};

describe('a Host', () => {
  test.each([
    undefined,
    'localhost',
    'LOCALHOST:7243',
    'localhost.',
    'ratchet.localhost:7243',
    '127.0.0.1:7243',
    '10.1.2.3',
    '[::1]:7243',
    '[fe80::1]',
  ])('%s cannot be rebound by a page', (host) => {
    expect(statusOf(host)).toBe(200);
  });

  test.each([
    '',
    'rebound.evil.example',
    'rebound.evil.example:7243',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'notlocalhost',
    '127.1',
    '0x7f000001.evil',
    'localhost:7243@evil.example',
    'localhost, evil.example',
  ])('%j may be a page that has rebound its name', (host) => {
    expect(statusOf(host)).toBe(421);
  });

  test('is known when it was said to be', () => {
    const names = ['ratchet.example.com', '*.internal'];
    expect(statusOf('Ratchet.example.com:80', undefined, names)).toBe(200);
    expect(statusOf('gateway.internal', undefined, names)).toBe(200);
    expect(statusOf('internal', undefined, names)).toBe(421);
    expect(statusOf('evil-ratchet.example.com', undefined, names)).toBe(421);
  });
});

describe('an Origin', () => {
  test.each([
    ['127.0.0.1:7243', 'http://127.0.0.1:7243'],
    ['localhost:7243', 'https://localhost:7243'],
    ['LocalHost', 'http://localhost'],
  ])('of %s may be %s', (host, origin) => {
    expect(statusOf(host, origin)).toBe(200);
  });

  test.each([
    'https://evil.example',
    'http://localhost:3000',
    'http://127.0.0.1:7243.evil.example',
    'null',
    '',
    'file://',
    'chrome-extension://abcdef',
  ])('%j is another site', (origin) => {
    expect(statusOf('localhost:7243', origin)).toBe(403);
  });

  test('is another site where there is no Host', () => {
    expect(statusOf(undefined, 'http://localhost')).toBe(403);
  });
});

test.each([
  ['example.com', true],
  ['*.example.com', true],
  ['gateway', true],
  ['*', false],
  ['*.', false],
  ['a*.example.com', false],
  ['http://example.com', false],
  ['example.com:80', false],
])('%s is a pattern of hosts: %s', (pattern, right) => {
  expect(hostPattern.test(pattern)).toBe(right);
});

test('a pattern with a star is for what is below it', () => {
  expect(isHostIn('a.b.example.com', ['*.example.com'])).toBe(true);
  expect(isHostIn('aexample.com', ['*.example.com'])).toBe(false);
});
