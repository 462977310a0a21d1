import { randomUUID } from 'node:crypto';
import { partitionKey, type CancellationRecord, type ExecutionId, type Reply } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
import { deadLetterTopic, topics } from '@ratchet/schemas';
import { connectBroker, eventually, startCluster, uniqueName } from '@ratchet/testing';
import { Desk } from './desk.fixture.ts';

let ratchet: Awaited<ReturnType<typeof startCluster>>;
let desk: Desk;

beforeAll(async () => {
  ratchet = await startCluster();
  desk = await Desk.open(connectBroker());
});

afterAll(async () => {
  await desk.close();
  await ratchet.stop();
});

const recovery = { deadlineMs: 30_000 };

/** As a system outside would: a record of `cancellations`, answered to an address of its own. */
async function askFromOutside(record: CancellationRecord, id: ExecutionId): Promise<void> {
  const key = partitionKey(id);
  const { partitions, codec } = desk.cluster;
  const partition = partitionFor(key, partitions);
  await desk.outbox.send({ topic: topics.cancellations, key, partition, value: codec.encodeCancellation(record) });
}

const cancelOf = (target: ExecutionId, requestId: string, address: string): CancellationRecord => ({
  type: 'CancelActivity',
  target,
  requestId,
  identity: 'outside',
  reason: 'no longer needed',
  replyTo: { partition: 1, address },
});

async function repliesTo(address: string): Promise<() => Promise<readonly Reply['body'][]>> {
  const records = await desk.recordsOf(topics.replies, 1);
  return () =>
    Promise.all(
      records
        .filter(({ key }) => key === address)
        .map(async ({ value }) => (await desk.cluster.codec.decodeReply(value ?? Buffer.alloc(0))).body),
    );
}

describe('a request from outside', () => {
  test('is answered by the scheduler; another one is refused, and reaches nobody', async () => {
    const target = await desk.start(desk.standalone());
    const address = uniqueName('outside');
    const replies = await repliesTo(address);
    for (const requestId of ['first', 'first', 'second']) {
      const count = (await replies()).length;
      await askFromOutside(cancelOf(target, requestId, address), target);
      await eventually(async () => expect(await replies()).toHaveLength(count + 1));
    }
    expect(await replies()).toMatchObject([
      { type: 'Accepted' },
      { type: 'Accepted' },
      { type: 'Refused', refusal: { message: 'cancellation already requested with request ID first' } },
    ]);
    expect(await desk.describe(target)).toMatchObject({
      status: 'cancel-requested',
      cancel: { requestId: 'first', identity: 'outside', reason: 'no longer needed' },
    });
  });

  test('for a run reaches its activities', async () => {
    const run = await desk.openRun();
    const [target] = await desk.scheduleMany(run, 1);
    if (target === undefined) throw new Error('Expected one activity');
    const request = { requestId: randomUUID(), identity: 'outside', reason: '' };
    await askFromOutside({ type: 'CancelRun', run, ...request }, target);
    await eventually(async () => expect(await desk.describe(target)).toMatchObject({ status: 'canceled' }));
  });

  test('that is poisonous goes to the dead letters, and stops nothing', async () => {
    const target = await desk.start(desk.standalone());
    const key = partitionKey(target);
    const partition = partitionFor(key, desk.cluster.partitions);
    const dead = await desk.recordsOf(deadLetterTopic(topics.cancellations), 0);
    await desk.outbox.send({ topic: topics.cancellations, key, partition, value: Buffer.from('poison') });
    await askFromOutside(cancelOf(target, randomUUID(), 'nobody'), target);
    await eventually(() => dead.some((letter) => letter.key === key));
    await eventually(async () => expect(await desk.describe(target)).toMatchObject({ status: 'cancel-requested' }));
  });
});

describe('a worker is told', () => {
  type Change = (target: ExecutionId) => Promise<void>;
  const changes: Readonly<Record<string, Change>> = {
    'cancel-requested': (target) => desk.accepted({ type: 'RequestCancel', target, reason: '', cascaded: false }),
    paused: (target) => desk.accepted({ type: 'Pause', target, reason: '' }),
    reset: (target) =>
      desk.accepted({
        type: 'Reset',
        target,
        keepPaused: false,
        resetHeartbeat: false,
        restoreOriginalOptions: false,
      }),
    'not-found': (target) => desk.accepted({ type: 'Terminate', target, reason: '' }),
  };

  test.each(Object.keys(changes))('%s', async (reason) => {
    const target = await desk.start(desk.standalone());
    await changes[reason]?.(target);
    await eventually(() => expect(desk.noticesFor(target)[0]).toMatchObject({ attempt: 1, reason }));
  });

  test('timed-out', async () => {
    const target = await desk.start(desk.standalone(), { startToCloseTimeoutMs: 200 });
    await eventually(() => expect(desk.noticesFor(target)[0]).toMatchObject({ attempt: 1, reason: 'timed-out' }));
  });

  test('not-found, when its result came by id, or its run is closed', async () => {
    const completed = await desk.start(desk.standalone());
    await desk.accepted({ type: 'Complete', target: completed, attempt: { by: 'id' }, result: [] });
    const run = await desk.openRun();
    const orphan = await desk.start({ ...run, activityId: uniqueName('orphan') });
    await desk.accepted({ type: 'CloseRun', run, status: 'completed', reason: '' });
    for (const target of [completed, orphan]) {
      await eventually(() => expect(desk.noticesFor(target)[0]).toMatchObject({ reason: 'not-found' }));
    }
  });

  test('nothing, when its activity does not heartbeat', async () => {
    const silent = await desk.start(desk.standalone(), { heartbeatTimeoutMs: 0 });
    await changes['cancel-requested']?.(silent);
    const heard = await desk.start({ ...desk.standalone(), runId: silent.runId });
    await changes['cancel-requested']?.(heard);
    await eventually(() => expect(desk.noticesFor(heard)).not.toEqual([]));
    expect(desk.noticesFor(silent)).toEqual([]);
    // One heartbeat shows that it listens.
    expect((await desk.heartbeat(silent)).body).toMatchObject({ answer: { cancelRequested: true } });
  });

  test('again after kill -9 of the service, until it is seen to know', async () => {
    const target = await desk.start(desk.standalone());
    await changes['cancel-requested']?.(target);
    await eventually(() => expect(desk.noticesFor(target)).not.toEqual([]));
    await ratchet.services.cancellation.kill('SIGKILL');
    const before = desk.noticesFor(target).length;
    await ratchet.services.cancellation.ready();
    await eventually(() => expect(desk.noticesFor(target).length).toBeGreaterThan(before), recovery);

    expect((await desk.heartbeat(target)).body).toMatchObject({ answer: { cancelRequested: true } });
    await ratchet.services.cancellation.kill('SIGKILL');
    const settled = desk.noticesFor(target).length;
    const other = await desk.start(desk.standalone());
    await changes['paused']?.(other);
    await eventually(() => expect(desk.noticesFor(other).length).toBeGreaterThan(4), recovery);
    // Read again at most once, with what settles it behind it.
    expect(desk.noticesFor(target).length).toBeLessThanOrEqual(settled + 1);
  });
});
