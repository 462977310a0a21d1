import { jest } from '@jest/globals';
import { closeCluster } from './close-cluster.ts';

let said: string[];
let isClosed: boolean;
const cluster = {
  connection: { log: (_level: string, message: string) => void said.push(message) },
  close: () => {
    isClosed = true;
    return Promise.resolve();
  },
};

beforeEach(() => {
  jest.useFakeTimers();
  said = [];
  isClosed = false;
});
afterEach(() => void jest.useRealTimers());

test('closes the cluster after what was made of it, and says nothing', async () => {
  const first = Promise.withResolvers<undefined>();
  const closing = closeCluster(cluster, [() => first.promise, () => Promise.resolve()]);
  await jest.advanceTimersByTimeAsync(1_000);
  expect(isClosed).toBe(false);
  first.resolve(undefined);
  await closing;
  expect({ isClosed, said, timers: jest.getTimerCount() }).toEqual({ isClosed: true, said: [], timers: 0 });
});

test('gives up what no broker answers after 15 s, and says so', async () => {
  const closing = closeCluster(cluster, [() => new Promise(() => undefined)]);
  await jest.advanceTimersByTimeAsync(14_999);
  expect(isClosed).toBe(false);
  await jest.advanceTimersByTimeAsync(1);
  await closing;
  expect(isClosed).toBe(true);
  expect(said).toEqual([expect.stringContaining('no broker has answered for 15 s')]);
});

test('what cannot be closed keeps nothing else open', async () => {
  let others = 0;
  const other = (): Promise<void> => {
    others++;
    return Promise.resolve();
  };
  await closeCluster(cluster, [other, () => Promise.reject(new Error('it is stuck')), other]);
  expect({ isClosed, others, said }).toEqual({ isClosed: true, others: 2, said: ['disconnecting: it is stuck'] });
});
