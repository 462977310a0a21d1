import { CancelledFailure, type ApplicationFailure } from '@ratchet/protocol';
import type { CancelReason } from '../cancel-reason.ts';
import { Context } from '../context.ts';
import { MockActivityEnvironment } from './mock-activity-environment.ts';

const count = async (to: number): Promise<string> => {
  const context = Context.current();
  for (let at = 1; at <= to; at++) {
    context.heartbeat({ at });
    await context.sleep(1);
  }
  return `counted to ${String(to)}`;
};

test('runs a function with what an activity knows, and gives what it gives', async () => {
  const environment = new MockActivityEnvironment({ attempt: 3, heartbeatDetails: { at: 7 } });
  const told = await environment.run(
    (name: string, n: number) => ({ name, n, info: Context.current().info }),
    'Ada',
    36,
  );
  expect(told).toMatchObject({
    name: 'Ada',
    n: 36,
    info: { attempt: 3, heartbeatDetails: { at: 7 }, activityId: 'test' },
  });
  expect(() => Context.current()).toThrow('Expected to be called from an activity');
});

test('keeps the heartbeats, and tells of them', async () => {
  const environment = new MockActivityEnvironment();
  const told: unknown[] = [];
  const forget = environment.onHeartbeat((details) => {
    told.push(details);
    if (told.length === 2) forget();
  });
  expect(await environment.run(count, 3)).toBe('counted to 3');
  expect(environment.heartbeats).toEqual([{ at: 1 }, { at: 2 }, { at: 3 }]);
  expect(told).toEqual([{ at: 1 }, { at: 2 }]);
});

test.each<CancelReason>([
  'CANCELLED',
  'NOT_FOUND',
  'TIMED_OUT',
  'WORKER_SHUTDOWN',
  'PAUSED',
  'RESET',
  'HEARTBEAT_DETAILS_CONVERSION_FAILED',
])('tells a running function to stop because of %s', async (reason) => {
  const environment = new MockActivityEnvironment();
  environment.onHeartbeat(() => {
    environment.cancel(reason);
  });
  const error: unknown = await environment.run(count, 1_000_000).catch((thrown: unknown) => thrown);
  expect(error).toBeInstanceOf(CancelledFailure);
  expect(error).toMatchObject({ message: reason });
  expect(environment.heartbeats).toEqual([{ at: 1 }]);
});

test('throws what the function throws, as it is, and what a cancelled one ignores does not show', async () => {
  const environment = new MockActivityEnvironment();
  environment.cancel();
  expect(await environment.run(() => 'done anyway')).toBe('done anyway');
  const broken = new TypeError('x is undefined');
  await expect(
    environment.run(() => {
      throw broken;
    }),
  ).rejects.toBe(broken);
});

test('cancels a function whose heartbeat cannot be converted', async () => {
  const environment = new MockActivityEnvironment();
  const failure = await environment
    .run(async () => {
      Context.current().heartbeat({ callback: () => 1 });
      await Context.current().cancelled;
    })
    .catch((error: unknown) => error as ApplicationFailure);
  expect(failure).toMatchObject({ message: 'HEARTBEAT_DETAILS_CONVERSION_FAILED' });
  expect(environment.heartbeats).toEqual([]);
});

test('cancels a function whose heartbeat a codec refuses', async () => {
  const encode = (): Promise<never> => Promise.reject(new Error('no key'));
  const environment = new MockActivityEnvironment(
    {},
    { dataConverter: { payloadCodecs: [{ encode, decode: encode }] } },
  );
  const running = environment.run(async () => {
    Context.current().heartbeat('here');
    await Context.current().cancelled;
  });
  await expect(running).rejects.toThrow('HEARTBEAT_DETAILS_CONVERSION_FAILED');
});
