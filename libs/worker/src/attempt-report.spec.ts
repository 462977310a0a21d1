import type { Failure } from '@ratchet/domain';
import { ApplicationFailure, loadDataConverter } from '@ratchet/protocol';
import { attemptReport } from './attempt-report.ts';

const converter = loadDataConverter();
const mebibytes = (count: number): Uint8Array => new Uint8Array(count * 1024 * 1024);

test('a result is reported; none when there is none', async () => {
  const report = await attemptReport({ type: 'completed', result: { id: 1 } }, converter);
  expect(report).toMatchObject({ type: 'Complete', result: [{ data: Buffer.from('{"id":1}') }] });
  expect(await attemptReport({ type: 'completed', result: undefined }, converter)).toEqual({
    type: 'Complete',
    result: [],
  });
});

test('a cancellation is reported with its details', async () => {
  const report = await attemptReport({ type: 'canceled', details: ['half'] }, converter);
  expect(report).toMatchObject({ type: 'ReportCanceled', details: [{ data: Buffer.from('"half"') }] });
});

test('of what is nobody’s business nothing is reported', async () => {
  expect(await attemptReport({ type: 'unsaid' }, converter)).toBeUndefined();
});

const failureOf = async (end: Parameters<typeof attemptReport>[0]): Promise<Failure> => {
  const report = await attemptReport(end, converter);
  if (report?.type !== 'Fail') throw new Error(`it is ${report?.type ?? 'nothing'}`);
  return report.failure;
};

test.each<{ given: string; end: Parameters<typeof attemptReport>[0]; message: string; nonRetryable: boolean }>([
  { given: 'an error', end: { type: 'failed', error: new Error('broken') }, message: 'broken', nonRetryable: false },
  {
    given: 'a large result',
    end: { type: 'completed', result: mebibytes(3) },
    message: 'Complete result exceeds size limit.',
    nonRetryable: true,
  },
  {
    given: 'large details of a cancellation',
    end: { type: 'canceled', details: [mebibytes(3)] },
    message: 'Cancel details exceed size limit.',
    nonRetryable: true,
  },
  {
    given: 'a large failure',
    end: { type: 'failed', error: ApplicationFailure.retryable('m', 'T', mebibytes(5)) },
    message: 'Failure exceeds size limit.',
    nonRetryable: true,
  },
  {
    given: 'a result that cannot be written',
    end: { type: 'completed', result: { n: 1n } },
    message: 'value.n is a BigInt',
    nonRetryable: false,
  },
  {
    given: 'a failure that cannot be written',
    end: { type: 'failed', error: ApplicationFailure.retryable('m', 'T', 1n) },
    message: 'is a BigInt',
    nonRetryable: false,
  },
  {
    given: 'a failure that is not retried, and whose details cannot be written',
    end: { type: 'failed', error: ApplicationFailure.nonRetryable('declined', 'T', { at: Number.NaN }) },
    message: 'declined [it could not be converted as it was: Expected to write a value as JSON, but value.at is NaN]',
    nonRetryable: true,
  },
  {
    given: 'a failure that is not retried, and whose cause has details that cannot be written',
    end: {
      type: 'failed',
      error: ApplicationFailure.create({
        message: 'm',
        nonRetryable: true,
        cause: ApplicationFailure.retryable('c', 'C', 1n),
      }),
    },
    message: 'm [it could not be converted as it was: Expected to write a value as JSON, but value is a BigInt]',
    nonRetryable: true,
  },
  {
    given: 'a delay that is none',
    end: {
      type: 'failed',
      error: ApplicationFailure.create({ message: 'later', nextRetryDelay: 'soon' as '1s' }),
    },
    message: 'later [it could not be converted as it was: Expected to send ApplicationFailure.nextRetryDelay',
    nonRetryable: false,
  },
])('$given is reported as a failure', async ({ end, message, nonRetryable }) => {
  const failure = await failureOf(end);
  expect(failure.message).toContain(message);
  expect(failure.info).toMatchObject({ type: 'application', nonRetryable });
});

test('a large failure keeps its beginning as the cause', async () => {
  const failure = await failureOf({ type: 'failed', error: new Error('x'.repeat(5 * 1024 * 1024)) });
  expect(failure.cause?.message.slice(0, 100)).toBe('x'.repeat(100));
});

test('a failure whose details cannot be written is retried when it said', async () => {
  const error = ApplicationFailure.create({ message: 'not so fast', details: [1n], nextRetryDelay: '1h' });
  expect((await failureOf({ type: 'failed', error })).info).toMatchObject({ nextRetryDelayMs: 3_600_000 });
});

test('an error whose cause has details that cannot be written stays what it is, and so do its causes', async () => {
  const cause = ApplicationFailure.nonRetryable('no funds', 'NoFunds', { amount: 1n }, 'kept');
  const error = Object.assign(new Error('declined', { cause }), { name: 'Declined' });
  expect(await failureOf({ type: 'failed', error })).toMatchObject({
    message: expect.stringContaining('declined [it could not be converted as it was') as string,
    stackTrace: expect.stringMatching(/^\w+: declined\n/) as string,
    info: { errorType: 'Declined' },
    cause: {
      message: 'no funds',
      info: {
        errorType: 'NoFunds',
        nonRetryable: true,
        details: [{ data: Buffer.of() }, { data: Buffer.from('"kept"') }],
      },
    },
  });
});
