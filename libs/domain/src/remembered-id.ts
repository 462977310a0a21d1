import type { Refusal } from './refusal.ts';
import { rememberedIdsMax, repetitionMs, senderClockMs, timedIdBytesMax } from './limits.ts';
import { isBounded } from './rules.ts';
import { after, epochMillis, type EpochMillis } from './units.ts';
import { utf8Length } from './utf8.ts';

/** An id by which a repetition is known. */
export interface RememberedId {
  readonly id: string;
  /** It is remembered until then, on the log's clock, and beyond only as one of the latest; 0: only so. */
  readonly until: EpochMillis;
}

/** An id as it came, with the time that it was signed with, if it was. */
export interface IssuedId {
  readonly id: string;
  readonly issuedAt?: EpochMillis | undefined;
}

export interface Memory {
  readonly now: EpochMillis;
  readonly rules: number;
  /** So many ids are kept in any case. */
  readonly latest: number;
}

const never = epochMillis(0);

export const isRemembered = (ids: readonly RememberedId[], id: string): boolean => ids.some((known) => known.id === id);

/**
 * The ids with one more, the latest last: without those whose time is over and that are not among the latest.
 *
 * Before rules version 2 none had a time.
 */
export function remember(ids: readonly RememberedId[], { id, issuedAt }: IssuedId, memory: Memory): RememberedId[] {
  const { now, rules, latest } = memory;
  const isTimed = isBounded(rules) && utf8Length(id) <= timedIdBytesMax;
  const until = isTimed && issuedAt !== undefined ? lastRepetitionAt(issuedAt, now) : never;
  const all = [...ids, { id, until }];
  return all.filter((known, index) => index >= all.length - latest || known.until > now).slice(-rememberedIdsMax);
}

/** A time that lies too far ahead is no sender's: it does not keep its id for ever. */
const lastRepetitionAt = (issuedAt: EpochMillis, now: EpochMillis): EpochMillis =>
  after(epochMillis(Math.min(issuedAt, after(now, repetitionMs))), repetitionMs);

/** A producer may write any number. */
export const checkIssuedAt = (issuedAt: EpochMillis | undefined): Refusal | undefined =>
  issuedAt === undefined || (Number.isSafeInteger(issuedAt) && issuedAt >= 0)
    ? undefined
    : { reason: 'invalid-argument', message: `issuedAt must be an instant, got ${String(issuedAt)}` };

/**
 * Whether what was signed with its time comes to the wrong run, or there is no room to remember that it came.
 *
 * @param beganAt when the run that it would change began.
 */
export function checkIssued(
  issuedAt: EpochMillis | undefined,
  beganAt: EpochMillis,
  ids: readonly RememberedId[],
  { now, rules }: Memory,
): Refusal | undefined {
  if (issuedAt === undefined || !isBounded(rules)) return undefined;
  if (issuedAt + senderClockMs < beganAt) {
    const ms = String(beganAt - issuedAt);
    return refused(`it was sent ${ms} ms before the run began that it would change`);
  }
  if (ids.length < rememberedIdsMax || ids.filter(({ until }) => until > now).length < rememberedIdsMax)
    return undefined;
  const message = `more than ${String(rememberedIdsMax)} have come within minutes: send it again later`;
  return { ...refused(message), limit: 'rememberedIdsMax' };
}

const refused = (message: string): Refusal => ({ reason: 'failed-precondition', message });
