import { parseExactJson } from './exact-json.ts';

test.each([
  ['9007199254740992', 9007199254740992],
  ['9.007199254740992E+15', 9007199254740992],
  ['100', 100],
  ['1e2', 100],
  ['0.10', 0.1],
  ['-12.5e-3', -0.0125],
  ['1e21', 1e21],
  ['1.7976931348623157e308', Number.MAX_VALUE],
  ['-0', 0],
  ['0.000e7', 0],
  ['{"a":[1,"9007199254740993"]}', { a: [1, '9007199254740993'] }],
])('%s is read', (text, value) => {
  expect(parseExactJson(text)).toStrictEqual(value);
});

test.each(['9007199254740993', '[1e400]', '{"a":0.1000000000000000055}', '1e-400', `1${'0'.repeat(1000)}`])(
  '%s would be rounded',
  (text) => {
    expect(() => parseExactJson(text)).toThrow('would be rounded');
  },
);

test('what is no JSON is not read', () => {
  expect(() => parseExactJson('{')).toThrow(SyntaxError);
});
