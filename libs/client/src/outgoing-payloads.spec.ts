import { ApplicationFailure, loadDataConverter } from '@ratchet/protocol';
import { outgoingFailure } from './outgoing-payloads.ts';

const converter = loadDataConverter();

test.each([
  ['whose details cannot be written', ApplicationFailure.retryable('m', 'T', 1n), 'value is a BigInt'],
  ['that is too large', new Error('x'.repeat(2_100_000)), 'Expected to send failure of at most 2097152 bytes'],
])('a failure %s is not sent', async (_, error, message) => {
  await expect(outgoingFailure(error, converter)).rejects.toMatchObject({
    name: 'InvalidActivityOptionsError',
    field: 'failure',
    message: expect.stringContaining(message) as string,
  });
});

test('any other is, whatever was thrown', async () => {
  expect(await outgoingFailure(Object.create(null), converter)).toMatchObject({ info: { type: 'application' } });
});
