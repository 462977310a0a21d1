import { z } from 'zod';
import { connectionShape, durationShape, optionProblem } from './option-shape.ts';

const shape = connectionShape.partial().extend({
  id: z.string().optional(),
  policy: z.enum(['fail', 'retry']).optional(),
  timeouts: z.strictObject({ run: durationShape.optional() }).optional(),
  names: z.array(z.string()).optional(),
});

test.each<{ given: unknown; field: string; message: string }>([
  { given: undefined, field: '', message: 'Expected to get the options as an object, but it is undefined' },
  { given: null, field: '', message: 'Expected to get the options as an object, but it is null' },
  { given: 'x', field: '', message: "Expected to get the options as an object, but it is 'x'" },
  { given: { id: 5n }, field: 'id', message: 'Expected to get id as a string, but it is 5n' },
  {
    given: { id: 'x', iD: 1 },
    field: 'iD',
    message: 'Expected to know every option, but there is none with the name iD',
  },
  {
    given: { timeouts: { runn: 1 } },
    field: 'timeouts.runn',
    message: 'Expected to know every option, but there is none with the name timeouts.runn',
  },
  {
    given: { timeouts: { run: '-5s' } },
    field: 'timeouts.run',
    message:
      "Expected to get timeouts.run as a number of milliseconds from 0 up, or a string such as '500ms', '30s', '5m', '2h', but it is '-5s'",
  },
  { given: { names: 'a' }, field: 'names', message: "Expected to get names as a list, but it is 'a'" },
  { given: { names: ['a', 5] }, field: 'names[1]', message: 'Expected to get names[1] as a string, but it is 5' },
  {
    given: { policy: 'x' },
    field: 'policy',
    message: "Expected to get policy as one of 'fail', 'retry', but it is 'x'",
  },
  { given: { log: 'x' }, field: 'log', message: "Expected to get log as a function, but it is 'x'" },
  {
    given: { sasl: { mechanism: 'plain', username: 'ada', password: 12345678 } },
    field: 'sasl.password',
    message: 'Expected to get sasl.password as a string, or { file: <path> }, but it is of type number',
  },
  {
    given: {
      sasl: { mechanism: 'oauthbearer', tokenUrl: 'https://login/token', clientId: 'c', clientSecret: 12345678n },
    },
    field: 'sasl.clientSecret',
    message: 'Expected to get sasl.clientSecret as a string, or { file: <path> }, but it is of type bigint',
  },
  ...['htps://c:hunter2@login/token', 'https://c:hunter2@login/token', 'https://c@login/token'].map((tokenUrl) => ({
    given: { sasl: { mechanism: 'oauthbearer', tokenUrl, clientId: 'c', clientSecret: 'secret' } },
    field: 'sasl.tokenUrl',
    message: `Expected to get sasl.tokenUrl as an http or https address without user and password, which stand in clientId and clientSecret, but it is '${tokenUrl.split(':')[0] ?? ''}://***@login/token'`,
  })),
  {
    given: { brokers: 'SASL_SSL://ada:hunter2@kafka:9092' },
    field: 'brokers',
    message: expect.stringMatching(/^(?!.*hunter2).*, but it is '\*\*\*@kafka:9092'$/) as string,
  },
  ...[9092, 'localhost', 'http://localhost:9092', '', [], ['a:1', 'b']].map((brokers) => ({
    given: { brokers },
    field: 'brokers',
    message: expect.stringMatching(
      /^Expected to get brokers as 'host:port', several in a list .*, but it is/,
    ) as string,
  })),
])('$given: $message', ({ given, field, message }) => {
  expect(optionProblem(shape, given)).toEqual({ field, message });
});

test.each([
  {},
  { brokers: 'a:1, b.c:2' },
  { brokers: ['a:1', '127.0.0.1:9092'] },
  { timeouts: { run: '5s' }, names: [] },
])('%j is fine', (given) => {
  expect(optionProblem(shape, given)).toBeUndefined();
});
