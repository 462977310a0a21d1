import { durationMsMax } from '@ratchet/domain';
import ms, { type StringValue } from 'ms';

/** A length of time: a whole number of milliseconds, or a string as the package `ms` reads it ('30s', '2 hours'). */
export type Duration = number | StringValue;

/**
 * A duration in whole milliseconds, rounded to the nearest; over 100 years are cut to that (semantics 1.1).
 *
 * @returns `undefined` for what is no duration: unreadable text, a negative number, NaN, infinity. Who asked says which
 * field it was and what was expected (`durationExpected`).
 */
export function durationMs(duration: Duration): number | undefined {
  const value: unknown = typeof duration === 'string' ? readText(duration) : duration;
  if (typeof value !== 'number' || !(value >= 0)) return undefined;
  return value === Infinity ? undefined : Math.min(Math.round(value), durationMsMax);
}

/** For error messages. */
export const durationExpected = "a number of milliseconds from 0 up, or a string such as '500ms', '30s', '5m', '2h'";

// `ms` throws for an empty or overlong string and gives undefined (typed as a number) or NaN for other nonsense.
function readText(text: StringValue): number | undefined {
  if (text.length === 0 || text.length > 100) return undefined;
  return ms(text);
}
