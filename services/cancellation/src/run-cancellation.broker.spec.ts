import { randomUUID } from 'node:crypto';
import { partitionKey, type RunId } from '@ratchet/domain';
import { partitionFor } from '@ratchet/kafka';
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

/** Asked are 5 s, on a machine with nothing else to do; tests share theirs. */
const reachMsMax = 20_000;
const recovery = { deadlineMs: 40_000 };

const cancel = (run: RunId): Promise<void> =>
  desk.accepted({ type: 'RequestCancelRun', run, reason: 'no longer needed' });
const close = (run: RunId): Promise<void> =>
  desk.accepted({ type: 'CloseRun', run, status: 'terminated', reason: 'no longer needed' });

/** A run whose workflow has its partition, so that the two get in each other's way if anything does. */
async function openNeighbour(run: RunId): Promise<RunId> {
  const partitionOf = ({ namespace, workflowId }: RunId): number =>
    partitionFor(partitionKey({ namespace, workflowId, activityId: '' }), desk.cluster.partitions);
  for (;;) {
    const workflowId = uniqueName('neighbour');
    if (partitionOf({ ...run, workflowId }) === partitionOf(run)) return desk.openRun(workflowId);
  }
}

test.each([
  { what: 'cancelled', act: cancel, status: 'canceled' },
  { what: 'closed', act: close, status: 'terminated' },
])('10,000 open activities of a run that is $what are reached, others served meanwhile', async (row) => {
  const run = await desk.openRun();
  const neighbour = await openNeighbour(run);
  const targets = await desk.scheduleMany(run, 10_000);
  const last = targets.at(-1);
  if (last === undefined) throw new Error('Expected activities');
  const servedMs: number[] = [];
  let going = true;
  const serve = async (): Promise<void> => {
    for (let i = 0; going; i++) {
      const begun = performance.now();
      await desk.start({ ...neighbour, activityId: `n${String(i)}` });
      servedMs.push(performance.now() - begun);
    }
  };
  const serving = serve();

  const begun = performance.now();
  await row.act(run);
  await eventually(async () => expect(await desk.describe(last)).toMatchObject({ status: row.status }), {
    deadlineMs: 30_000,
  });
  const reachedMs = performance.now() - begun;
  going = false;
  await serving;

  expect(await desk.statuses(targets)).toEqual({ [row.status]: targets.length });
  expect(reachedMs).toBeLessThan(reachMsMax);
  expect(servedMs.length).toBeGreaterThan(0);
  expect(Math.max(...servedMs)).toBeLessThan(reachMsMax);
  await close(neighbour);
});

test('a run that is closed while activities are scheduled in it leaves no orphan, nor does it touch the next run', async () => {
  const workflowId = uniqueName('order');
  const run = await desk.openRun(workflowId);
  const targets = Array.from({ length: 400 }, (_, index) => ({ ...run, activityId: `a${String(index)}` }));
  const replies = targets.map((target) => desk.schedule(target));
  await replies[0];
  const closed = close(run);
  const late = targets.map((target) => desk.schedule({ ...target, activityId: `late-${target.activityId}` }));
  await closed;

  const next = await desk.openRun(workflowId);
  const [untouched] = await desk.scheduleMany(next, 1);
  const answers = await Promise.all([...replies, ...late]);
  const refused = answers.filter(({ body }) => body.type === 'Refused');
  expect(refused.map(({ body }) => body)).toEqual(
    refused.map(() => ({
      type: 'Refused',
      refusal: {
        reason: 'failed-precondition',
        message: `workflow run ${run.runId} is closed: no activity can be scheduled in it`,
      },
    })),
  );
  const everyone = [...targets, ...targets.map((target) => ({ ...target, activityId: `late-${target.activityId}` }))];
  const accepted = everyone.filter((_, index) => answers[index]?.body.type === 'Accepted');
  await eventually(async () => expect(await desk.statuses(accepted)).toEqual({ terminated: accepted.length }));
  expect(untouched && (await desk.describe(untouched))).toMatchObject({ status: 'scheduled' });
});

test('kill -9 of the service in the middle of a run: nobody is left out, and what came after is left alone', async () => {
  const run = await desk.openRun();
  const targets = await desk.scheduleMany(run, 5_000);
  await cancel(run);
  await ratchet.services.cancellation.kill('SIGKILL');
  await ratchet.services.cancellation.ready();
  await eventually(async () => expect(await desk.statuses(targets)).toEqual({ canceled: targets.length }), recovery);

  // The workflow goes on after its cancellation, under ids that were used before.
  const again = await Promise.all(targets.slice(0, 50).map((target) => desk.start(target)));
  await ratchet.services.cancellation.kill('SIGKILL');
  await ratchet.services.cancellation.ready();
  const marker = await desk.start({ ...run, activityId: uniqueName('marker') });
  const request = { type: 'RequestCancel', target: marker, reason: '', cascaded: false } as const;
  expect((await desk.request(request, randomUUID())).body).toMatchObject({ type: 'Accepted' });
  await eventually(() => expect(desk.noticesFor(marker)).not.toEqual([]), recovery);
  expect(await desk.statuses(again)).toEqual({ started: again.length });
});
