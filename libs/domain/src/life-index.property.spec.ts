import fc from 'fast-check';
import { LifeIndex } from './life-index.ts';
import { StateRows } from './state-rows.ts';
import { MemoryStore } from './state-store.ts';

const lifeIndex = (): LifeIndex => new LifeIndex(new StateRows(new MemoryStore()));

// One life and several, so that both ways of finding one are walked.
const step = fc.record({ life: fc.nat({ max: 20 }), isRemoval: fc.boolean() });

test('the lives of an id stand in their order, however they came and went', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
      const index = lifeIndex();
      const lives = new Set<number>();
      for (const { life, isRemoval } of steps) {
        const runId = `run-${String(life)}`;
        if (isRemoval) index.remove('key', runId, life);
        else index.put('key', runId, life);
        if (isRemoval) lives.delete(life);
        else lives.add(life);
        const inOrder = [...lives].sort((one, other) => other - one).map((each) => `run-${String(each)}`);
        expect([...index.all('key')]).toEqual(inOrder);
        expect(index.latest('key')).toBe(inOrder[0]);
      }
    }),
  );
});

test('a life that gets another order stands in another place', () => {
  fc.assert(
    fc.property(fc.array(fc.nat({ max: 15 }), { minLength: 1, maxLength: 60 }), (puts) => {
      const index = lifeIndex();
      puts.forEach((life, order) => {
        const former = puts.lastIndexOf(life, order - 1);
        index.put('key', `run-${String(life)}`, order, order === 0 || former < 0 ? order : former);
      });
      const inOrder = [...new Set(puts.toReversed())].map((life) => `run-${String(life)}`);
      expect([...index.all('key')]).toEqual(inOrder);
    }),
  );
});

test('of an id with ten thousand lives the oldest go as fast as the latest came', () => {
  const index = lifeIndex();
  const count = 10_000;
  const startedMs = performance.now();
  for (let life = 0; life < count; life++) index.put('key', `run-${String(life)}`, life);
  for (let life = 0; life < count - 1; life++) index.remove('key', `run-${String(life)}`, life);
  // A tenth of a second; to walk from the latest to the oldest each time takes many times as long as the limit.
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  expect([...index.all('key')]).toEqual([`run-${String(count - 1)}`]);
});
