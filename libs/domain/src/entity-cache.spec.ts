import { CacheBudget, EntityCache } from './entity-cache.ts';

test('where there is no room the largest cache gives it: one that is not used any more starves nobody', () => {
  const budget = new CacheBudget(100);
  const [idle, busy] = [new EntityCache<string>(budget), new EntityCache<string>(budget)];
  for (let number = 0; number < 10; number++) idle.keep(`idle-${String(number)}`, 'x', 10);
  for (let number = 0; number < 20; number++) {
    busy.keep(`busy-${String(number)}`, 'x', 10);
    expect(budget.usedBytes).toBe(100);
  }
  expect([idle.bytes, busy.bytes]).toEqual([50, 50]);
  expect(busy.get('busy-19')).toBe('x');
  expect(busy.get('busy-0')).toBeUndefined();
  expect(idle.get('idle-0')).toBeUndefined();

  idle.clear();
  expect(budget.usedBytes).toBe(50);
});

test('what is larger than the budget is not kept, and what is pinned takes nothing of it', () => {
  const budget = new CacheBudget(100);
  const cache = new EntityCache<string>(budget);
  cache.pin('pinned', 'x');
  cache.keep('large', 'x', 101);
  expect([cache.get('pinned'), cache.get('large'), budget.usedBytes]).toEqual(['x', undefined, 0]);
});

test('what was not used for longest goes first, however often the cache was empty in between', () => {
  const cache = new EntityCache<string>(new CacheBudget(30));
  for (const round of ['1', '2']) {
    for (const name of ['a', 'b', 'c']) cache.keep(name + round, 'x', 10);
    cache.get(`a${round}`);
    cache.keep(`d${round}`, 'x', 10);
    expect(['a', 'b', 'c', 'd'].filter((name) => cache.has(name + round))).toEqual(['a', 'c', 'd']);
    cache.keep('all', 'x', 30);
    cache.delete('all');
    cache.evictOldest();
    expect(cache.bytes).toBe(0);
  }
});
