import { domainDriver } from './domain-driver.ts';
import { everyTrace } from './every-trace.ts';
import { ruleName } from './rule.ts';
import { simulatedDriver } from './simulation/simulated-driver.ts';
import { rules } from './state-call-traces.ts';
import { states, type StateName } from './states.ts';

test('there are traces enough, each with a promise of its own', () => {
  expect(everyTrace.length).toBeGreaterThanOrEqual(150);
  expect(new Set(everyTrace.map(({ promise }) => promise)).size).toBe(everyTrace.length);
});

/** Nobody holds a token of what was never there, nor of what was always delayed. */
const tokenless: readonly StateName[] = ['absent', 'delayed'];

test.each(rules.map((rule) => [ruleName(rule), rule] as const))(
  'what %s does is said of every state, once',
  (_, rule) => {
    const met = rule.cells.flatMap(([some]) => some);
    const every = (Object.keys(states) as StateName[]).filter(
      (state) => rule.by !== 'token' || !tokenless.includes(state),
    );
    expect(met.toSorted()).toEqual(every.toSorted());
  },
);

describe.each([domainDriver, simulatedDriver])('$name', (driver) => {
  test.each(Object.entries(states))('there is a way into the state %s', async (_, { sees, ...way }) => {
    expect(await driver.play(way)).toMatchObject(sees);
  });

  test.each(everyTrace)('$promise', async (trace) => {
    expect(await driver.play(trace)).toMatchObject(trace.sees);
  });
});
