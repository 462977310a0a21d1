import { CancelledFailure } from '@ratchet/protocol';
import { eventually } from '@ratchet/testing';
import { CancellationScope } from './cancellation-scope.ts';
import { effectiveCancellation } from './effective-cancellation.ts';

const root = (): CancellationScope => new CancellationScope({ parent: null });

/** Runs until its scope is cancelled. */
const untilCancelled = async (): Promise<never> => {
  const scope = CancellationScope.current();
  if (scope === undefined) throw new Error('no scope');
  return scope.cancelRequested;
};

const causeOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'not cancelled',
    (error: unknown) => (error instanceof CancelledFailure ? error.message : String(error)),
  );

test('a scope gives what its function gives, and is the current one in it, be it after an await', async () => {
  const scope = root();
  const found = await scope.run(async () => {
    await Promise.resolve();
    return CancellationScope.current();
  });
  expect(found).toBe(scope);
  expect(CancellationScope.current()).toBeUndefined();
  await expect(scope.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test.each<{ within: string; nest: (fn: () => Promise<unknown>) => Promise<unknown>; cause: string }>([
  { within: 'itself', nest: (fn) => fn(), cause: 'enough' },
  { within: 'a cancellable scope', nest: (fn) => CancellationScope.cancellable(fn), cause: 'enough' },
  {
    within: 'two of them',
    nest: (fn) => CancellationScope.cancellable(() => CancellationScope.cancellable(fn)),
    cause: 'enough',
  },
  { within: 'one with a timeout', nest: (fn) => CancellationScope.withTimeout('1h', fn), cause: 'enough' },
  {
    within: 'one whose timeout comes first',
    nest: (fn) => CancellationScope.withTimeout(1, fn),
    cause: 'Cancellation scope timed out',
  },
  {
    within: 'a timeout behind a shield',
    nest: (fn) => CancellationScope.nonCancellable(() => CancellationScope.withTimeout(1, fn)),
    cause: 'Cancellation scope timed out',
  },
])('what waits in $within ends: $cause', async ({ nest, cause }) => {
  const scope = root();
  const waiting = causeOf(scope.run(() => nest(untilCancelled)));
  if (cause === 'enough') scope.cancel('enough');
  expect(await waiting).toBe(cause);
});

test('what waits behind a shield goes on, and its own scope still ends it', async () => {
  const scope = root();
  const inner = new CancellationScope({ parent: new CancellationScope({ parent: scope, cancellable: false }) });
  const waiting = causeOf(inner.run(untilCancelled));
  scope.cancel('enough');
  inner.parent?.cancel('a shield is not cancelled');
  expect(inner.consideredCancelled).toBe(false);
  inner.cancel('now');
  expect(await waiting).toBe('now');
});

test('a scope is cancelled once: the first reason counts, also for who asks later', async () => {
  const scope = root();
  scope.cancel('first');
  scope.cancel('second');
  expect(scope.cause?.message).toBe('first');
  expect(await causeOf(scope.cancelRequested)).toBe('first');
  expect(await causeOf(scope.run(() => CancellationScope.cancellable(untilCancelled)))).toBe('first');
});

test('a cancelled child leaves its parent and its siblings alone', async () => {
  const scope = root();
  const [first, second] = [new CancellationScope({ parent: scope }), new CancellationScope({ parent: scope })];
  const waiting = causeOf(first.run(untilCancelled));
  const sibling = causeOf(second.run(untilCancelled));
  first.cancel('enough');
  expect(await waiting).toBe('enough');
  expect([scope.consideredCancelled, second.consideredCancelled]).toEqual([false, false]);
  scope.cancel('all');
  expect(await sibling).toBe('all');
});

test('a scope that has run out forgets its parent and its timer', async () => {
  const scope = root();
  const child = new CancellationScope({ parent: scope, timeout: 20 });
  await child.run(() => Promise.resolve());
  const later = new CancellationScope({ parent: null, timeout: 60 });
  await causeOf(later.run(untilCancelled));
  scope.cancel();
  expect(child.consideredCancelled).toBe(false);
});

test('a timeout that is none is refused', async () => {
  await expect(CancellationScope.withTimeout('soon' as '1h', () => Promise.resolve())).rejects.toThrow(RangeError);
});

describe('what is started now is cancelled by', () => {
  const listen = (
    scope: CancellationScope,
  ): { readonly causes: string[]; readonly shielded: boolean; readonly end: () => void } => {
    const causes: string[] = [];
    const cancellation = effectiveCancellation(scope);
    const { shielded } = cancellation;
    const end = cancellation.onCancel(({ message }) => void causes.push(message));
    return { causes, shielded, end };
  };

  test('the run alone, outside of any scope', () => {
    const run = root();
    const { causes, shielded } = listen(run);
    run.cancel('run');
    expect({ causes, shielded }).toEqual({ causes: ['run'], shielded: false });
  });

  test('the current scope and the run, whichever is first, and only once', async () => {
    const run = root();
    const foreign = root();
    const { causes } = await foreign.run(() => Promise.resolve(listen(run)));
    run.cancel('run');
    foreign.cancel('scope');
    expect(causes).toEqual(['run']);
  });

  test('its scope alone, behind a shield', async () => {
    const run = root();
    const found = await run.run(() => CancellationScope.nonCancellable(() => Promise.resolve(listen(run))));
    run.cancel('run');
    expect(found).toMatchObject({ causes: [], shielded: true });
  });

  test('nothing, once it has ended', async () => {
    const run = root();
    const { causes, end } = listen(run);
    end();
    run.cancel('run');
    await eventually(() => run.consideredCancelled);
    expect(causes).toEqual([]);
    expect(effectiveCancellation(run).cause?.message).toBe('run');
  });
});

test('a timeout longer than a timer can hold does not go off at once', async () => {
  const scope = new CancellationScope({ parent: null, timeout: '60 days' });
  await scope.run(() => new Promise((resolve) => setTimeout(resolve, 10)));
  expect(scope.cause).toBeUndefined();
});

test('whoever races with the cancellation again and again waits for one promise', async () => {
  const scope = root();
  const requested = scope.cancelRequested;
  expect(scope.cancelRequested).toBe(requested);
  scope.cancel('enough');
  expect(await causeOf(requested)).toBe('enough');
});
