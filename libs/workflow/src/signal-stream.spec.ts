import { eventually } from '@ratchet/testing';
import { WorkflowRunClosedError } from './errors.ts';
import { acknowledged, described, RunDesk, signal } from './run-desk.fixture.ts';
import { SignalStream, type SignalCursor } from './signal-stream.ts';

let desk: RunDesk;
let cursor: SignalCursor;
let stream: SignalStream<readonly unknown[]>;
beforeEach(() => {
  desk = new RunDesk();
  cursor = { acknowledgedTo: -1 };
  const source = { status: 'open', closeStatus: undefined, heard: () => undefined } as const;
  stream = new SignalStream(desk.session, 'count', { source, cursor, onEnd: () => undefined });
});
afterEach(() => {
  desk.channel.close();
});

const asked = async (count: number) => {
  await eventually(() => desk.of('AwaitRun').length === count);
  return desk.of('AwaitRun')[count - 1];
};
const offsetsAcknowledged = (): readonly number[] => desk.of('AcknowledgeSignals').map(({ message }) => message.upTo);

test('asks for a page, gives it one by one, and asks again only when it is used up', async () => {
  const first = stream.next();
  const page = await asked(1);
  expect(page?.message.known).toEqual({ status: 'open', signalName: 'count', signalsUpTo: -1, signalCountMax: 100 });
  page?.answer(described({}, signal(3), signal(5)));
  expect(await first).toMatchObject({ value: { id: 'signal-3' } });
  expect(offsetsAcknowledged()).toEqual([]);
  expect(await stream.next()).toMatchObject({ value: { id: 'signal-5' } });
  expect(desk.of('AwaitRun')).toHaveLength(1);
  const third = stream.next();
  expect((await asked(2))?.message.known).toMatchObject({ signalsUpTo: 5 });
  desk.of('AwaitRun')[1]?.answer(described({}, signal(8)));
  expect(await third).toMatchObject({ value: { id: 'signal-8' } });
});

test('acknowledges one at a time: what comes meanwhile goes together', async () => {
  const first = stream.next();
  (await asked(1))?.answer(described({}, signal(1), signal(2), signal(3), signal(4)));
  await first;
  for (let taken = 0; taken < 3; taken++) await stream.next();
  expect(offsetsAcknowledged()).toEqual([1]);
  desk.of('AcknowledgeSignals')[0]?.answer(acknowledged);
  await eventually(() => offsetsAcknowledged().length === 2);
  expect(offsetsAcknowledged()).toEqual([1, 3]);
  expect(cursor.acknowledgedTo).toBe(3);
});

test('an acknowledgement that is waited for resolves once it is recorded', async () => {
  const first = stream.next();
  (await asked(1))?.answer(described({}, signal(1)));
  const { value } = await first;
  let recorded = false;
  const acknowledging = value?.acknowledge().then(() => {
    recorded = true;
  });
  await stream.return();
  expect(recorded).toBe(false);
  desk.of('AcknowledgeSignals')[0]?.answer(acknowledged);
  await acknowledging;
  expect({ recorded, ...cursor }).toEqual({ recorded: true, acknowledgedTo: 1 });
});

test('other news of the run is not taken for a signal, and its end ends the stream', async () => {
  const first = stream.next();
  (await asked(1))?.answer(described({ status: 'cancel-requested' }));
  (await asked(2))?.answer({ type: 'Refused', refusal: { reason: 'not-found', message: 'gone' } });
  await expect(first).rejects.toThrow(WorkflowRunClosedError);
  expect(await stream.next()).toEqual({ done: true, value: undefined });
});

test('waiting ends with the scope', async () => {
  const first = stream.next();
  await asked(1);
  desk.session.scope.cancel('enough');
  await expect(first).rejects.toThrow('enough');
});

test.each(['return', 'detach'] as const)('%s ends the waiting, and nothing is asked any more', async (way) => {
  const first = stream.next();
  const page = await asked(1);
  await stream[way]();
  expect(await first).toEqual({ done: true, value: undefined });
  page?.answer(described({}, signal(1)));
  expect(await stream.next()).toEqual({ done: true, value: undefined });
  expect({ ...cursor, asked: desk.asked.length }).toEqual({ acknowledgedTo: -1, asked: 1 });
});
