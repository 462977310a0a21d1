import { CancelledFailure } from '@ratchet/protocol';
import type { ActivityInfo } from './activity-info.ts';
import { Cancellation } from './cancellation.ts';
import { Context } from './context.ts';

const log = (): undefined => undefined;

const contextOf = (cancellation: Cancellation, heartbeat: (details: unknown) => void = () => undefined): Context =>
  new Context({ info: { activityId: 'a' } as ActivityInfo, log, cancellation, heartbeat, stray: () => undefined });

test('is found anywhere in the calls of its activity, and nowhere else', async () => {
  const context = contextOf(new Cancellation());
  await Context.run(context, async () => {
    await new Promise(setImmediate);
    expect(Context.current()).toBe(context);
  });
  expect(() => Context.current()).toThrow('Expected to be called from an activity');
});

test('hands heartbeats on', () => {
  const said: unknown[] = [];
  contextOf(new Cancellation(), (details) => said.push(details)).heartbeat({ at: 3 });
  expect(said).toEqual([{ at: 3 }]);
});

test('cancelled rejects with the failure, before and after it was asked for', async () => {
  const cancellation = new Cancellation();
  const early = contextOf(cancellation).cancelled;
  cancellation.request('CANCELLED');
  await expect(early).rejects.toBeInstanceOf(CancelledFailure);
  await expect(contextOf(cancellation).cancelled).rejects.toMatchObject({ message: 'CANCELLED' });
});

test('sleep ends by itself, or as soon as the activity is to stop', async () => {
  const cancellation = new Cancellation();
  const context = contextOf(cancellation);
  await context.sleep(1);
  const long = context.sleep('1 hour');
  cancellation.request('WORKER_SHUTDOWN');
  await expect(long).rejects.toMatchObject({ message: 'WORKER_SHUTDOWN' });
  await expect(context.sleep(-1)).rejects.toThrow('Expected to sleep for');
});
