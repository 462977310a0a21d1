import type { LogRange } from '../consumers/group-consumer.ts';

import { OperationalError } from '../errors.ts';

/**
 * Where to go on in a log.
 *
 * @returns `offset` when the log has it; where gaps may be skipped, else its first one: behind what was deleted, and at the
 * beginning of a log that was made anew, of which nothing was read.
 * @throws OperationalError RKT1005 when records were deleted before they were read, or the log was made anew.
 */
export function offsetInLog(
  at: { topic: string; partition: number; offset: number },
  log: LogRange,
  skip: boolean,
): number {
  const { topic, partition, offset } = at;
  if (offset >= log.start && offset <= log.end) return offset;
  if (skip) return log.start;
  throw new OperationalError(
    `Expected to go on at offset ${String(offset)} of ${topic}[${String(partition)}], but its log has the offsets ` +
      `${String(log.start)} to ${String(log.end)}`,
    'RKT1005',
    false,
  );
}
