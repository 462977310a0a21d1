import { createHash } from 'node:crypto';

/**
 * How often an activity on a document fails before it succeeds: 0, 1 or 2.
 *
 * Drawn from the hash of its type and path, so that every process and every run agrees: a fifth fails once, a
 * twentieth twice.
 */
export function plannedFailures(activityType: string, path: string): number {
  const draw = createHash('sha256').update(`${activityType}\n${path}`).digest().readUInt32BE() % 20;
  if (draw === 0) return 2;
  return draw <= 4 ? 1 : 0;
}
