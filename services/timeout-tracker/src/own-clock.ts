/** This process's own idea of the time, in epoch milliseconds, fractions included. */
export type OwnClock = () => number;

/**
 * What the wall clock showed when the process began, and the time that has passed since: it never goes back, and nobody
 * can set it. How far it lies from the log's clock is for `LogClockEstimate` to find out.
 */
export const ownClock: OwnClock = () => performance.timeOrigin + performance.now();
