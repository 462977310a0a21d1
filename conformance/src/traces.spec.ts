import { domainDriver } from './domain-driver.ts';
import { operatorTraces } from './operator-traces.ts';
import { traces } from './traces.ts';

const all = [...traces, ...operatorTraces];

test('there are traces enough, each with a promise of its own', () => {
  expect(all.length).toBeGreaterThanOrEqual(25);
  expect(new Set(all.map(({ promise }) => promise)).size).toBe(all.length);
});

describe.each([domainDriver])('$name', (driver) => {
  test.each(all)('$promise', async (trace) => {
    expect(await driver.play(trace)).toMatchObject(trace.sees);
  });
});
