import { pauseMsAfter, type Repetition } from '@ratchet/protocol';

/**
 * When something is proposed again though nothing is heard of it. It stands in the log, so this only makes up for what
 * cannot be: a log that was cut, or made anew.
 */
const silent: Repetition = { firstMs: 15_000, pauseMsMax: 60_000 };
/** When something is proposed again that was decided and had no effect. */
const ineffective: Repetition = { firstMs: 10, pauseMsMax: 15_000 };

/** @param count how often it was proposed. */
export const repeatMsAfterSilence = (count: number): number => pauseMsAfter(silent, count);

/** @param count how often it was proposed. One partition's timers ask alone, so chance has no part in it. */
export const repeatMsAfterDecision = (count: number): number => pauseMsAfter(ineffective, count, 0);
