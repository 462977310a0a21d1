import { RequestRefusedError, WorkflowNotFoundError, type ActivityClient } from '@ratchet/client';
import { eventually, uniqueName } from '@ratchet/testing';
import { CancellationScope, WorkflowRunClosedError, type RunSignal } from './index.ts';
import { failed, RunStage } from './run-stage.fixture.ts';

let stage: RunStage;
let client: ActivityClient;

beforeAll(async () => {
  // A killed scheduler may take its time to come back where the machine is busy.
  stage = await RunStage.open({ requestTimeout: '90s' });
  ({ client } = stage);
});
afterAll(() => stage.close());

type Numbered = AsyncIterableIterator<RunSignal<readonly [number]>, undefined>;

async function take(stream: Numbered, count: number): Promise<readonly number[]> {
  const numbers: number[] = [];
  while (numbers.length < count) {
    const { value } = await stream.next();
    if (value === undefined) throw new Error('the stream has ended');
    numbers.push(value.args[0]);
  }
  return numbers;
}

const upTo = (last: number, first = 1): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i);

test('signals come in the order in which they were sent, each name by itself, and a repeated one never', async () => {
  const run = await stage.openRun();
  const stream = run.signals<[number]>('count');
  expect(() => run.signals('count')).toThrow('one stream of signals');
  const first = stream.next();
  await client.signal(run.workflowId, undefined, 'count', [1], { signalId: 'one' });
  const { value } = await first;
  expect(value).toMatchObject({ id: 'one', name: 'count', args: [1] });
  expect(Math.abs(Date.now() - (value?.sentAt ?? 0))).toBeLessThan(30_000);

  // More than a page of another name that nobody reads stands in nobody's way.
  for (const number of upTo(120)) await client.signal(run.workflowId, run.runId, 'noise', [number]);
  for (const number of upTo(5, 2)) {
    const signalId = `count-${String(number)}`;
    await client.signal(run.workflowId, run.runId, 'count', [number], { signalId });
    await client.signal(run.workflowId, run.runId, 'count', [number], { signalId });
  }
  expect(await take(stream, 4)).toEqual([2, 3, 4, 5]);
  expect(await take(run.signals<[number]>('noise'), 120)).toEqual(upTo(120));
  await run.complete();
});

test('a stream goes on where signals were acknowledged: after it was left, and in another process', async () => {
  const run = await stage.openRun();
  for (const number of upTo(6)) await client.signal(run.workflowId, undefined, 'count', [number]);
  const seen: number[] = [];
  for await (const { args } of run.signals<[number]>('count')) {
    seen.push(args[0]);
    if (args[0] === 3) break;
  }
  expect(seen).toEqual([1, 2, 3]);
  // The third was given and not acknowledged.
  for await (const signal of run.signals<[number]>('count')) {
    expect(signal.args).toEqual([3]);
    await signal.acknowledge();
    break;
  }
  const attached = await stage.attachTo(run);
  const stream = attached.signals<[number]>('count');
  expect(await take(stream, 3)).toEqual([4, 5, 6]);
  await attached.detach();
  // The last one was given and not acknowledged.
  const third = await stage.attachTo(run);
  expect(await take(third.signals<[number]>('count'), 1)).toEqual([6]);
  await third.complete();
});

test('a signal to an unknown or closed run is refused, and so is one without a name', async () => {
  expect(await failed(client.signal(uniqueName('nobody'), undefined, 'count'))).toBeInstanceOf(WorkflowNotFoundError);
  const run = await stage.openRun();
  expect(await failed(client.signal(run.workflowId, undefined, ''))).toBeInstanceOf(RequestRefusedError);
  expect(await failed(client.signal(run.workflowId, 'another-run', 'count'))).toBeInstanceOf(WorkflowNotFoundError);
  await client.signal(run.workflowId, undefined, 'count', [1]);
  const stream = run.signals<[number]>('count');
  const elsewhere = run.signals<[number]>('never sent');
  const waiting = failed(elsewhere.next());
  await run.complete();
  const refused = await failed(client.signal(run.workflowId, run.runId, 'count', [2]));
  expect(refused).toBeInstanceOf(WorkflowNotFoundError);
  expect((refused as Error).message).toBe(`workflow execution already completed: ${run.workflowId}`);
  // What came before the close is still there; then there is nothing to wait for.
  expect(await take(stream, 1)).toEqual([1]);
  expect(await failed(stream.next())).toBeInstanceOf(WorkflowRunClosedError);
  expect(await waiting).toBeInstanceOf(WorkflowRunClosedError);
});

test('waiting for a signal ends with its scope', async () => {
  const run = await stage.openRun();
  const waiting = failed(CancellationScope.withTimeout(200, async () => run.signals('count').next()));
  expect(await waiting).toMatchObject({ name: 'CancelledFailure', message: 'Cancellation scope timed out' });
  const again = failed(run.signals('count').next());
  await run.cancel('no longer needed');
  expect(await again).toMatchObject({ name: 'CancelledFailure', message: 'no longer needed' });
  const shielded = CancellationScope.nonCancellable(async () => run.signals('count').next());
  await client.signal(run.workflowId, undefined, 'count', [7]);
  expect(await shielded).toMatchObject({ value: { args: [7] } });
  await run.reportCancellation();
});

test('no signal is lost, doubled or out of order while the scheduler is killed with -9', async () => {
  const run = await stage.openRun();
  const stream = run.signals<[number]>('count');
  const taken = take(stream, 60);
  const sending = (async () => {
    for (const number of upTo(60)) {
      await client.signal(run.workflowId, undefined, 'count', [number], { signalId: `signal-${String(number)}` });
      if (number === 20 || number === 40) await stage.cluster.services.scheduler.kill('SIGKILL');
    }
  })();
  await sending;
  expect(await taken).toEqual(upTo(60));
  const attached = await stage.attachTo(run);
  await eventually(async () => {
    // The 60th alone was not acknowledged; earlier ones only until their acknowledgement is in.
    const next = attached.signals<[number]>('count');
    const [number] = await take(next, 1);
    await next.return?.();
    expect(number).toBe(60);
  });
  await attached.complete();
});
