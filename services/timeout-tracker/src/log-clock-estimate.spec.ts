import fc from 'fast-check';
import { LogClockEstimate, leadMsMax, marginMs } from './log-clock-estimate.ts';

/** A log whose clock is `skewMs` ahead of ours, and progress that is `lagMs` old when it arrives. */
class World {
  ownMs = 1_000_000;
  skewMs: number;
  readonly estimate = new LogClockEstimate(() => this.ownMs);

  constructor(skewMs: number) {
    this.skewMs = skewMs;
  }

  get logMs(): number {
    return this.ownMs + this.skewMs;
  }

  seeProgress(lagMs: number): void {
    this.estimate.observeNow(this.logMs - lagMs);
  }

  seeAppend(onTheWayMs: number, ageMs: number): void {
    const sentAt = this.ownMs - ageMs;
    this.estimate.observeAppend(sentAt + onTheWayMs + this.skewMs, sentAt);
  }

  /** How far the estimate is behind the instant at which a command sent now would be appended at the soonest. */
  get behindMs(): number {
    return this.logMs - this.estimate.read().at;
  }
}

describe('before anything was seen', () => {
  test.each([-5_000, 0, 5_000])('with a log %i ms ahead, it is unsure and never behind', (skewMs) => {
    const world = new World(skewMs);
    expect(world.estimate.read().sure).toBe(false);
    expect(world.behindMs).toBeLessThanOrEqual(0);
  });
});

describe.each([-3_600_000, -5_000, 0, 5_000, 3_600_000])('with a log %i ms ahead', (skewMs) => {
  test('progress makes it sure, and ahead by the lead, less what the freshest was old', () => {
    const world = new World(skewMs);
    for (const lagMs of [80, 25, 300, 40]) {
      world.seeProgress(lagMs);
      world.ownMs += 100;
    }
    expect(world.estimate.read().sure).toBe(true);
    expect(world.behindMs).toBe(25 - leadMsMax);
  });

  test('an append makes it exact: the way to the log counted in', () => {
    const world = new World(skewMs);
    world.seeProgress(10);
    world.seeAppend(7, 40);
    world.seeAppend(4, 40);
    world.seeAppend(9, 40);
    expect(world.behindMs).toBe(-4 + marginMs);
  });

  test('an append alone makes it sure', () => {
    const world = new World(skewMs);
    world.seeAppend(4, 40);
    expect(world.estimate.read().sure).toBe(true);
    expect(world.behindMs).toBe(-4 + marginMs);
  });

  test('appends that were slow do not make it early by more than the lead', () => {
    const world = new World(skewMs);
    world.seeProgress(15);
    world.seeAppend(80, 100);
    expect(world.behindMs).toBe(15 - leadMsMax);
  });
});

test('after a clock was set back it is right again within two windows', () => {
  const world = new World(0);
  world.seeProgress(20);
  world.skewMs = -2_000;
  for (let second = 0; second < 65; second++) {
    world.seeProgress(20);
    world.ownMs += 1_000;
  }
  expect(world.behindMs).toBe(20 - leadMsMax);
});

test('after the log was set back, the first append is believed', () => {
  const world = new World(0);
  world.seeProgress(20);
  world.seeAppend(5, 40);
  world.skewMs = -3_000;
  world.seeAppend(5, 40);
  expect(world.behindMs).toBe(-5 + marginMs);
});

test('after the log jumped ahead, progress that contradicts the appends wins', () => {
  const world = new World(0);
  world.seeProgress(20);
  world.seeAppend(5, 40);
  world.skewMs = 3_000;
  world.seeProgress(20);
  expect(world.behindMs).toBe(20 - leadMsMax);
});

test('however late progress arrives, an estimate made of it is early by no more than the lead', () => {
  const lags = fc.array(fc.record({ lagMs: fc.nat(5_000), passMs: fc.nat(40_000) }), { minLength: 1 });
  fc.assert(
    fc.property(fc.integer({ min: -10_000, max: 10_000 }), lags, (skewMs, samples) => {
      const world = new World(skewMs);
      for (const { lagMs, passMs } of samples) {
        world.seeProgress(lagMs);
        expect(world.behindMs).toBeGreaterThanOrEqual(-leadMsMax);
        world.ownMs += passMs;
      }
    }),
  );
});
