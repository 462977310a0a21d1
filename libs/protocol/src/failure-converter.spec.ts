import type { Failure } from '@ratchet/domain';
import { DefaultFailureConverter, failureSource } from './failure-converter.ts';
import {
  ApplicationFailure,
  CancelledFailure,
  type RatchetFailure,
  ServerFailure,
  TerminatedFailure,
  TimeoutFailure,
} from './failures.ts';
import { defaultPayloadConverter } from './payload-converter.ts';

const converter = new DefaultFailureConverter();
const send = (error: unknown): Failure => converter.errorToFailure(error, defaultPayloadConverter);
const receive = (failure: Failure): RatchetFailure => converter.failureToError(failure, defaultPayloadConverter);
const anew = (error: unknown): RatchetFailure =>
  receive(JSON.parse(JSON.stringify(send(error), bytesAsText), textAsBytes) as Failure);
// A failure that was sent carries no object of the sender: here it crosses as text.
const bytesAsText = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'type' in value && value.type === 'Buffer' && 'data' in value
    ? { bytes: value.data }
    : value;
const textAsBytes = (_: string, value: unknown): unknown =>
  typeof value === 'object' && value !== null && 'bytes' in value ? Buffer.from(value.bytes as number[]) : value;

class CardDeclinedError extends Error {
  override readonly name = 'CardDeclinedError';
}

describe('an error on its way', () => {
  test('any error becomes a retryable application failure of its own type', () => {
    const arrived = anew(new CardDeclinedError('card declined'));
    expect(arrived).toBeInstanceOf(ApplicationFailure);
    expect(arrived).toMatchObject({ message: 'card declined', type: 'CardDeclinedError', nonRetryable: false });
    expect(arrived.stack).toContain('failure-converter.spec.ts');
  });

  test('an application failure keeps type, details, retryability and delay', () => {
    const details = [{ code: 7 }, new Uint8Array([1, 2])];
    const failure = ApplicationFailure.create({
      message: 'no',
      type: 'Declined',
      nonRetryable: true,
      details,
      nextRetryDelay: '30s',
      category: 'benign',
    });
    const said = { message: 'no', type: 'Declined', nonRetryable: true, details, category: 'benign' };
    const expected = { ...said, nextRetryDelay: 30_000 };
    expect(anew(failure)).toMatchObject(expected);
  });

  test.each<{ error: RatchetFailure; expected: object }>([
    {
      error: ApplicationFailure.retryable('m', 'T', 1, 2),
      expected: { type: 'T', nonRetryable: false, details: [1, 2] },
    },
    { error: ApplicationFailure.nonRetryable('m', 'T', 1), expected: { type: 'T', nonRetryable: true, details: [1] } },
    { error: ApplicationFailure.nonRetryable(), expected: { message: '', type: undefined, nonRetryable: true } },
    {
      error: new TimeoutFailure('t', 'heartbeat', { at: 3 }),
      expected: { timeoutType: 'heartbeat', lastHeartbeatDetails: { at: 3 } },
    },
    { error: new CancelledFailure('c', ['why']), expected: { message: 'c', details: ['why'] } },
    { error: new TerminatedFailure('t', 'ops'), expected: { message: 't', identity: 'ops' } },
    { error: new ServerFailure('s', true), expected: { message: 's', nonRetryable: true } },
  ])('$error.name keeps what it says', ({ error, expected }) => {
    const arrived = anew(error);
    expect(arrived.constructor).toBe(error.constructor);
    expect(arrived).toMatchObject(expected);
  });

  test('the chain of causes arrives, in order', () => {
    const root = new TypeError('x is undefined');
    const arrived = anew(new Error('outer', { cause: ApplicationFailure.nonRetryable('middle', 'M') }));
    expect(arrived.cause).toBeInstanceOf(ApplicationFailure);
    const longer = anew(new Error('1', { cause: new Error('2', { cause: root }) }));
    expect(((longer.cause as Error).cause as ApplicationFailure).type).toBe('TypeError');
  });

  test('a circle of causes is cut', () => {
    const error = new Error('me');
    error.cause = error;
    let length = 0;
    for (let at: Failure | undefined = send(error); at !== undefined; at = at.cause) length++;
    expect(length).toBe(21);
  });

  test.each<{ thrown: unknown; message: string }>([
    { thrown: 'text', message: 'text [A non-Error value was thrown' },
    { thrown: { code: 1 }, message: '{"code":1} [A non-Error value' },
    { thrown: undefined, message: 'undefined [A non-Error value' },
    { thrown: 1n, message: '1 [A non-Error value' },
  ])('a thrown value that is no error is described: $message', ({ thrown, message }) => {
    expect(send(thrown).message).toContain(message);
  });

  test('a failure that came from Ratchet is passed on as it came', () => {
    const failure = send(new Error('first'));
    expect(send(receive(failure))).toBe(failure);
  });

  test('an unreadable delay and details that cannot be written are refused by name', () => {
    const unreadable = new ApplicationFailure({ nextRetryDelay: -1 });
    expect(() => send(unreadable)).toThrow('nextRetryDelay');
    expect(() => send(ApplicationFailure.retryable('m', 'T', 1n))).toThrow('BigInt');
  });
});

test('a failure without details of its kind becomes a plain one', () => {
  const arrived = receive({ message: 'm', source: failureSource, stackTrace: '', info: { type: 'none' } });
  expect([arrived.name, arrived.message]).toEqual(['RatchetFailure', 'm']);
});

test('message and stack trace can travel as a payload', () => {
  const hiding = new DefaultFailureConverter({ encodeCommonAttributes: true });
  const failure = hiding.errorToFailure(new Error('secret'), defaultPayloadConverter);
  expect([failure.message, failure.stackTrace]).toEqual(['Encoded failure', '']);
  const arrived = receive(failure);
  expect(arrived.message).toBe('secret');
  expect(arrived.stack).toContain('spec.ts');
});
