import { PartitionProcessorStrategy, type StartedProcessor } from './partition-processor-strategy.ts';

function processorOf(
  ready: boolean,
  start: () => Promise<void> = () => Promise.resolve(),
): StartedProcessor & { stops: number } {
  const processor = {
    stops: 0,
    start,
    stop: () => {
      processor.stops++;
      return Promise.resolve();
    },
    health: () => ({ owned: [], restored: [], ready, partitions: [] }),
  };
  return processor;
}

test('tells Nest once all processors are under way', async () => {
  const strategy = new PartitionProcessorStrategy([processorOf(true), processorOf(true)]);
  expect(
    await new Promise((resolve) => {
      strategy.listen(resolve);
    }),
  ).toBeUndefined();
  expect(strategy.isReady).toBe(true);
});

test('tells Nest what went wrong', async () => {
  const failure = new Error('no broker answers');
  const strategy = new PartitionProcessorStrategy([processorOf(true, () => Promise.reject(failure))]);
  expect(
    await new Promise((resolve) => {
      strategy.listen(resolve);
    }),
  ).toBe(failure);
});

test('is ready when all are, and stops all', async () => {
  const processors = [processorOf(true), processorOf(false)];
  const strategy = new PartitionProcessorStrategy(processors);
  expect(strategy.isReady).toBe(false);
  await strategy.close();
  expect(processors.map(({ stops }) => stops)).toEqual([1, 1]);
});
