import { CallbackTurns } from './callback-turns.ts';

const slowMs = 30;
const turnsOf = (underWayMax: number) => new CallbackTurns({ underWayMax, slowMs });
const isGranted = async (turn: Promise<(() => void) | undefined>): Promise<boolean> => (await turn) !== undefined;

test('so many of a namespace are under way at once, and the next when one ends', async () => {
  const turns = turnsOf(2);
  const ends = [await turns.take('a'), await turns.take('a')];
  let third = false;
  const waiting = turns.take('a').then((turn) => {
    third = turn !== undefined;
    return turn;
  });
  await Promise.resolve();
  expect(third).toBe(false);
  ends[0]?.();
  (await waiting)?.();
  expect(third).toBe(true);
});

test('another namespace does not wait for it', async () => {
  const turns = turnsOf(1);
  await turns.take('a');
  void turns.take('a');
  expect(await isGranted(turns.take('b'))).toBe(true);
});

test('who waits while nothing ends is sent away, and who comes then at once', async () => {
  const turns = turnsOf(1);
  const end = await turns.take('a');
  expect(await isGranted(turns.take('a'))).toBe(false);
  const began = performance.now();
  expect(await isGranted(turns.take('a'))).toBe(false);
  expect(performance.now() - began).toBeLessThan(slowMs);
  end?.();
  expect(await isGranted(turns.take('a'))).toBe(true);
});

test('who waits while others end is not sent away', async () => {
  const turns = turnsOf(1);
  let end = await turns.take('a');
  for (let count = 0; count < 10; count++) {
    const next = turns.take('a');
    await new Promise((resolve) => setTimeout(resolve, slowMs / 5));
    end?.();
    end = await next;
    expect(end).toBeDefined();
  }
});
