/** This process's own idea of the time, in epoch milliseconds, fractions included. */
export type OwnClock = () => number;

/**
 * A clock that never goes back and misses nothing: it runs on the monotonic clock, and follows the wall clock when
 * that has jumped ahead (the machine slept, during which the monotonic clock stands still). A wall clock that is set
 * back is ignored.
 */
export function ownClock(wall: () => number = Date.now, monotonic: () => number = () => performance.now()): OwnClock {
  let base = -Infinity;
  return () => {
    const elapsed = monotonic();
    base = Math.max(base, wall() - elapsed);
    return elapsed + base;
  };
}
