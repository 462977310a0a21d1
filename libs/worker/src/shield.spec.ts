import { getEventListeners } from 'node:events';
import type { ActivityInfo } from './activity-info.ts';
import { Cancellation } from './cancellation.ts';
import { Context } from './context.ts';

/** An activity, and the hand that cancels it. */
function stage(): { readonly context: Context; readonly cancellation: Cancellation } {
  const cancellation = new Cancellation();
  const info = { activityId: 'a' } as ActivityInfo;
  const context = new Context({
    info,
    log: () => undefined,
    cancellation,
    heartbeat: () => undefined,
    stray: () => undefined,
  });
  return { context, cancellation };
}

/** What can be seen of a cancellation at this place: by the signal, by the promise. */
async function seen(): Promise<readonly [aborted: boolean, rejected: boolean]> {
  const { cancelled, cancellationSignal } = Context.current();
  const rejected = cancelled.then(
    () => false,
    () => true,
  );
  const turn = new Promise<boolean>((resolve) => setImmediate(resolve, false));
  return [cancellationSignal.aborted, await Promise.race([rejected, turn])];
}
const nothing = [false, false];
const told = [true, true];

const settled = async (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

test('lets its work finish; the code after it is told', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    const result = await context.shield(async () => {
      cancellation.request('CANCELLED');
      expect(await seen()).toEqual(nothing);
      await context.sleep(1);
      return 'charged';
    });
    expect(result).toBe('charged');
    expect(await seen()).toEqual(told);
    expect(() => {
      context.cancellationSignal.throwIfAborted();
    }).toThrow('CANCELLED');
  });
});

test.each(['NOT_FOUND', 'TIMED_OUT', 'WORKER_SHUTDOWN', 'PAUSED', 'RESET'] as const)(
  'holds %s back too, though the details tell of it',
  async (reason) => {
    const { context, cancellation } = stage();
    await Context.run(context, () =>
      context.shield(async () => {
        expect(context.cancellationDetails).toBeUndefined();
        cancellation.request(reason);
        expect(await seen()).toEqual(nothing);
        expect(context.cancellationDetails).toBeDefined();
      }),
    );
    expect(context.cancellationSignal.reason).toMatchObject({ message: reason });
  },
);

test('protects from a cancellation that came before it', async () => {
  const { context, cancellation } = stage();
  cancellation.request('CANCELLED');
  await Context.run(context, async () => {
    expect(await seen()).toEqual(told);
    await context.shield(async () => {
      expect(await seen()).toEqual(nothing);
    });
    expect(await seen()).toEqual(told);
  });
});

test('what runs beside it, and a signal of outside, notice at once', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    const outside = context.cancellationSignal;
    const beside = settled(context.sleep('1 hour'));
    await context.shield(async () => {
      cancellation.request('CANCELLED');
      expect(outside.aborted).toBe(true);
      expect(await beside).toMatchObject({ message: 'CANCELLED' });
      expect(await seen()).toEqual(nothing);
    });
  });
});

test('two beside each other end by themselves', async () => {
  const { context, cancellation } = stage();
  const [short, long]: [PromiseWithResolvers<void>, PromiseWithResolvers<void>] = [
    Promise.withResolvers(),
    Promise.withResolvers(),
  ];
  await Context.run(context, async () => {
    let inLong: AbortSignal | undefined;
    const first = context.shield(() => short.promise);
    const second = context.shield(() => {
      inLong = context.cancellationSignal;
      return long.promise;
    });
    cancellation.request('CANCELLED');
    short.resolve();
    await first;
    expect(inLong?.aborted).toBe(false);
    long.resolve();
    await second;
    expect(inLong?.aborted).toBe(true);
  });
});

test('one in another delivers when both are down', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    await context.shield(async () => {
      let inner: AbortSignal | undefined;
      await context.shield(async () => {
        inner = context.cancellationSignal;
        cancellation.request('CANCELLED');
        expect(await seen()).toEqual(nothing);
      });
      expect(inner?.aborted).toBe(false);
      expect(await seen()).toEqual(nothing);
    });
    expect(await seen()).toEqual(told);
  });
});

test('what it leaves running is told once it is down, now or later', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    const [silent, left] = await context.shield(() =>
      Promise.resolve([context.cancellationSignal, { done: settled(context.sleep('1 hour')) }] as const),
    );
    expect(silent.aborted).toBe(false);
    cancellation.request('CANCELLED');
    expect(silent.aborted).toBe(true);
    expect(silent.reason).toMatchObject({ message: 'CANCELLED' });
    expect(await left.done).toMatchObject({ message: 'CANCELLED' });
  });
});

describe('with a timeout', () => {
  test('delivers inside what it held back, when that is over', async () => {
    const { context, cancellation } = stage();
    const outcome = await Context.run(context, () =>
      settled(
        context.shield(
          async () => {
            cancellation.request('CANCELLED');
            expect(await seen()).toEqual(nothing);
            await context.sleep('1 hour');
          },
          { timeout: 20 },
        ),
      ),
    );
    expect(outcome).toMatchObject({ message: 'CANCELLED' });
  });

  test('that is over holds nothing back any more', async () => {
    const { context, cancellation } = stage();
    await Context.run(context, () =>
      context.shield(
        async () => {
          await context.sleep(30);
          expect(await seen()).toEqual(nothing);
          cancellation.request('PAUSED');
          expect(await seen()).toEqual(told);
        },
        { timeout: 5 },
      ),
    );
  });

  test('delivers in one within another when both are over', async () => {
    const { context, cancellation } = stage();
    cancellation.request('CANCELLED');
    await Context.run(context, () =>
      context.shield(async () => {
        await context.shield(
          async () => {
            await new Promise((resolve) => setTimeout(resolve, 20));
            expect(await seen()).toEqual(nothing);
          },
          { timeout: 1 },
        );
      }),
    );
  });

  test('that is no duration is refused, and nothing is run', async () => {
    const { context } = stage();
    let ran = false;
    const work = (): void => {
      ran = true;
    };
    await expect(context.shield(work, { timeout: -1 })).rejects.toThrow('Expected to be shielded for');
    expect(ran).toBe(false);
  });
});

test('what its work throws comes out, synchronous or not, and it is down', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    const broken = new Error('declined');
    await expect(
      context.shield(() => {
        throw broken;
      }),
    ).rejects.toBe(broken);
    await expect(context.shield(() => Promise.reject(broken))).rejects.toBe(broken);
    cancellation.request('CANCELLED');
    expect(await seen()).toEqual(told);
  });
});

test('ten thousand, one after the other, leave nothing behind', async () => {
  const { context, cancellation } = stage();
  const signals = new Set<AbortSignal>();
  await Context.run(context, async () => {
    for (let count = 0; count < 10_000; count++) {
      await context.shield(() =>
        context.shield(async () => {
          signals.add(context.cancellationSignal);
          void context.cancelled;
          if (count % 1000 === 0) await context.sleep(1);
        }),
      );
    }
  });
  expect(signals.size).toBeLessThan(3);
  expect(getEventListeners(cancellation.signal, 'abort').length).toBeLessThan(5);
});

test('a signal that is still listened to is not used for another shield', async () => {
  const { context, cancellation } = stage();
  const heard: string[] = [];
  await Context.run(context, async () => {
    await context.shield(() => {
      context.cancellationSignal.addEventListener('abort', () => heard.push('left over'));
    });
    await context.shield(async () => {
      context.cancellationSignal.addEventListener('abort', () => heard.push('inside'));
      cancellation.request('CANCELLED');
      await Promise.resolve();
      expect(heard).toEqual(['left over']);
    });
    expect(heard).toEqual(['left over', 'inside']);
  });
});

test('a signal that is listened to later is not used for another shield either', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    const kept = await context.shield(() => context.cancellationSignal);
    let heard = false;
    kept.addEventListener('abort', () => {
      heard = true;
    });
    await context.shield(() => {
      expect(context.cancellationSignal).not.toBe(kept);
      cancellation.request('CANCELLED');
      expect(heard).toBe(true);
    });
  });
});

test('a signal that is only kept is told of a cancellation after both of its shields', async () => {
  const { context, cancellation } = stage();
  await Context.run(context, async () => {
    const kept = await context.shield(() => {
      expect(context.cancellationSignal.aborted).toBe(false);
      return context.shield(() => context.cancellationSignal);
    });
    cancellation.request('CANCELLED');
    expect(kept.aborted).toBe(true);
  });
});
