import { epochMillis, type EpochMillis } from './units.ts';

/**
 * The log's clock: the append time of the record, but never behind an earlier record of its partition.
 *
 * It stands in the progress, so that a broker whose clock was set back, or a new owner, gives every command the
 * instant it had before.
 */
export const nextNow = (previousNow: EpochMillis, appendTimeMs: number): EpochMillis =>
  appendTimeMs > previousNow ? epochMillis(appendTimeMs) : previousNow;
