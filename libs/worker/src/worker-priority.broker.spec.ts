import { setTimeout as pause } from 'node:timers/promises';
import { priorityLevel } from '@ratchet/domain';
import { connectBroker, startCluster, uniqueName } from '@ratchet/testing';
import { startAsker } from './asker.fixture.ts';
import { Worker } from './index.ts';

const addresses = connectBroker();

let ratchet: Awaited<ReturnType<typeof startCluster>>;
beforeAll(async () => {
  ratchet = await startCluster();
});
afterAll(() => ratchet.stop());

test('what waits is run in the order of its priority', async () => {
  const taskQueue = uniqueName('priority');
  const asker = await startAsker(addresses, taskQueue);
  const ran: number[] = [];
  const holding: PromiseWithResolvers<void> = Promise.withResolvers();
  const opening: PromiseWithResolvers<void> = Promise.withResolvers();
  const activities = {
    hold: () => {
      holding.resolve();
      return opening.promise;
    },
    note: (level: number) => {
      ran.push(level);
    },
  };
  const worker = await Worker.create({
    brokers: addresses.brokers,
    registry: addresses.registryUrl,
    taskQueue,
    activities,
    maxConcurrentActivities: 1,
    log: () => undefined,
  });
  const running = worker.run();
  const timeout = { startToCloseTimeoutMs: 60_000 };
  try {
    // each level is in use, and known to the worker, before the one slot is taken
    const levels = [1, 2, 3, 4, 5];
    const first = await Promise.all(
      levels.map((level) => asker.ask('note', { ...timeout, priorityKey: level }, level)),
    );
    await Promise.all(first.map(({ ended }) => ended));
    ran.length = 0;
    const held = await asker.ask('hold', timeout);
    await holding.promise;
    const asked: Promise<unknown>[] = [];
    for (const priorityKey of [5, 0, 1, 4, 2, 9, 1]) {
      asked.push((await asker.ask('note', { ...timeout, priorityKey }, priorityLevel(priorityKey))).ended);
    }
    // What has not reached the worker yet cannot be in its order.
    await pause(2_000);
    opening.resolve();
    await Promise.all([held.ended, ...asked]);
    expect(ran).toEqual([1, 1, 2, 3, 4, 5, 5]);
  } finally {
    worker.shutdown();
    await running;
    await asker.close();
  }
});
