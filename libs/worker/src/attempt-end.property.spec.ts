import { runInNewContext } from 'node:vm';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, type DataConverter } from '@ratchet/protocol';
import fc from 'fast-check';
import { AttemptStage, goOn } from './attempt.fixture.ts';
import { Context } from './context.ts';

const revoked = (): unknown => {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
};
const cyclic = (): unknown => {
  const details: Record<string, unknown> = {};
  details['self'] = details;
  return details;
};
const throwing = (): never => {
  throw Object.create(null) as Error;
};
const endless = (): Error => Object.defineProperty(new Error('and so on'), 'cause', { get: endless });

type Make = () => unknown;

/** Makes values that are no text, and where reading or printing them is not safe: not even fast-check may look at them. */
const odd: fc.Arbitrary<Make> = fc.oneof(
  fc
    .anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true, withSparseArray: true })
    .map((value) => () => value),
  fc.string({ unit: 'binary' }).map((value) => () => value),
  fc
    .constantFrom('\ud800', Symbol('x'), Symbol.iterator, null, undefined, 404, 1n, Number.NaN)
    .map((value) => () => value),
  fc.constantFrom<Make[]>(
    revoked,
    cyclic,
    endless,
    () => throwing,
    () => Object.create(null) as unknown,
    () => ({ code: 7 }),
    () => ({ toString: throwing, toJSON: throwing, [Symbol.toPrimitive]: throwing }),
    () => 'x'.repeat(3 * 1024 * 1024),
  ),
);

const fields = fc.record(
  { name: odd, message: odd, stack: odd, cause: odd, type: odd, details: odd, failure: odd, category: odd, code: odd },
  { requiredKeys: [] },
);

/** Makes an error some of whose fields are something else, or throw when they are read. */
const error: fc.Arbitrary<Make> = fc
  .tuple(
    fc.constantFrom<(() => Error)[]>(
      () => new Error('plain'),
      () => runInNewContext('new TypeError("of another realm")') as Error,
      () => ApplicationFailure.nonRetryable('no', 'Declined'),
      () => new CancelledFailure('I give up'),
      () => new TerminatedFailure('enough'),
      () => new AggregateError([new Error('one')], 'several'),
      () => new DOMException('stop', 'AbortError') as unknown as Error,
      () => Object.create(Error.prototype) as Error,
      () => new Proxy(new Error('of a proxy'), { get: throwing }),
      () => new Proxy(new Error('of a proxy'), { getPrototypeOf: throwing, get: throwing }),
    ),
    fields,
    fc.boolean(),
  )
  .map(([make, given, isGetter]) => () => {
    const thrown = make();
    for (const [name, value] of Object.entries(given)) {
      const property = isGetter ? { get: throwing } : { value: value(), writable: true };
      try {
        Object.defineProperty(thrown, name, { ...property, configurable: true });
      } catch {
        // It has one that stays.
      }
    }
    return thrown;
  });

/** What is reported of an activity that is told to stop, and throws this. */
const reportWhenStopped = async (
  asked: { readonly cancelRequested?: true; readonly paused?: true },
  thrown: unknown,
) => {
  const stage = new AttemptStage(async () => {
    Context.current().heartbeat();
    await Context.current().cancelled.catch(() => undefined);
    throw thrown;
  });
  stage.answer = ({ type }) => (type === 'RecordHeartbeat' ? { ...goOn, ...asked } : { type: 'Acknowledged' });
  return stage.report();
};

const reportOf = async (thrown: unknown, dataConverter?: DataConverter) => {
  const stage = new AttemptStage(
    () => {
      throw thrown;
    },
    dataConverter === undefined ? {} : { dataConverter },
  );
  return stage.report();
};

test('an end is reported whatever was thrown', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(odd, error), async (make) => {
      expect(await reportOf(make())).toMatchObject({ type: 'Fail' });
    }),
    { numRuns: 1_000 },
  );
});

test('an end is reported whatever was thrown by an activity that was told to stop', async () => {
  const asked = fc.constantFrom({ cancelRequested: true } as const, { paused: true } as const);
  await fc.assert(
    fc.asyncProperty(fc.oneof(odd, error), asked, async (make, stop) => {
      expect((await reportWhenStopped(stop, make()))?.type).toMatch(/^(ReportCanceled|Fail)$/);
    }),
    { numRuns: 300 },
  );
});

test.each<[given: string, details: PropertyDescriptor]>([
  ['cannot be read', { get: throwing }],
  ['are a proxy that was revoked', { value: revoked() }],
])('a cancellation whose details %s is reported', async (_, details) => {
  const thrown = Object.defineProperty(new CancelledFailure('I stop'), 'details', details);
  expect((await reportWhenStopped({ cancelRequested: true }, thrown))?.type).toMatch(/^(ReportCanceled|Fail)$/);
});

test('an end is reported whatever was given as the result', async () => {
  await fc.assert(
    fc.asyncProperty(fc.oneof(odd, error), async (make) => {
      const value = make();
      const stage = new AttemptStage(() => ({ value, inner: [value] }));
      expect((await stage.report())?.type).toMatch(/^(Complete|Fail)$/);
    }),
    { numRuns: 300 },
  );
});

test.each<{ given: string; thrown: () => unknown; type: string; message: RegExp }>([
  {
    given: 'a name that is no text',
    thrown: () => Object.assign(new Error('m'), { name: { code: 7 } }),
    type: '{"code":7}',
    message: /^m$/,
  },
  {
    given: 'a message that is no text',
    thrown: () => Object.assign(new Error(), { message: 404 }),
    type: 'Error',
    message: /^404$/,
  },
  { given: 'no message', thrown: () => Object.assign(new Error(), { message: null }), type: 'Error', message: /^$/ },
  {
    given: 'a symbol as its type',
    thrown: () => new ApplicationFailure({ message: 'm', type: Symbol('x') as unknown as string }),
    type: 'Symbol(x)',
    message: /^m$/,
  },
  {
    given: 'another realm',
    thrown: () => runInNewContext('new RangeError("elsewhere")') as unknown,
    type: 'RangeError',
    message: /^elsewhere$/,
  },
  {
    given: 'the realm of its platform',
    thrown: () => Object.defineProperty(new DOMException('too late', 'TimeoutError'), 'stack', { value: '' }),
    type: 'TimeoutError',
    message: /^too late$/,
  },
  { given: 'no error at all', thrown: () => 404, type: '', message: /^404 \[A non-Error/ },
  { given: 'null', thrown: () => null, type: '', message: /^null \[A non-Error/ },
])('what is known of an error with $given is reported', async ({ thrown, type, message }) => {
  const report = await reportOf(thrown());
  const failure = report?.type === 'Fail' ? report.failure : undefined;
  expect(failure?.message).toMatch(message);
  expect(failure?.info).toMatchObject({ errorType: type });
});

test.each<{ given: string; dataConverter: DataConverter }>([
  {
    given: 'a failure converter that throws',
    dataConverter: { failureConverter: { errorToFailure: throwing, failureToError: throwing } },
  },
  {
    given: 'a failure converter that gives nonsense',
    dataConverter: { failureConverter: { errorToFailure: () => 7 as never, failureToError: throwing } },
  },
])('an end is reported with $given, and nothing of the failure is told', async ({ dataConverter }) => {
  const report = await reportOf(new Error('a secret'), dataConverter);
  expect(report).toMatchObject({ type: 'Fail', failure: { info: { errorType: 'UnreportableEnd' } } });
  expect(JSON.stringify(report)).not.toContain('a secret');
});
