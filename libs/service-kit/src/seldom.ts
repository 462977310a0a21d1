import type { ServiceLog } from './service-log.ts';

/**
 * For the log of what may happen a thousand times a second: the first is said at once, later ones at most every ten seconds,
 * with how many were left out (`leftOut`).
 */
export function seldom(
  log: ServiceLog,
  level: 'info' | 'warn' | 'error',
  everyMs = 10_000,
): (fields: Readonly<Record<string, unknown>>, message: string) => void {
  let saidAt = -Infinity;
  let leftOut = 0;
  return (fields, message) => {
    const now = performance.now();
    if (now - saidAt < everyMs) {
      leftOut++;
      return;
    }
    log[level](leftOut === 0 ? fields : { ...fields, leftOut }, message);
    saidAt = now;
    leftOut = 0;
  };
}
