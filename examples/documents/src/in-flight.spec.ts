import { inFlight } from './in-flight.ts';

test('keeps the order of the items and never has more in flight than allowed', async () => {
  let [running, most] = [0, 0];
  const results = await inFlight([5, 1, 4, 2, 3], 2, async (item) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return item * 10;
  });
  expect(results).toEqual([50, 10, 40, 20, 30]);
  expect(most).toBe(2);
});

test('fails with the first error', async () => {
  await expect(inFlight([1, 2], 2, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('nothing to do is done', async () => {
  await expect(inFlight([], 5, () => Promise.resolve(1))).resolves.toEqual([]);
});
