import { invalid, ok, type Checked } from './checked.ts';
import { durationMsMax } from './limits.ts';
import { millis, type Millis } from './units.ts';

/**
 * A duration from outside, in milliseconds; left out means 0. Over 100 years are cut to that. Semantics section 1.1.
 *
 * @param what begins the message, as in `invalid StartToCloseTimeout`.
 */
export function normaliseDuration(what: string, value: number | undefined): Checked<Millis> {
  if (value === undefined) return ok(millis(0));
  if (value < 0) return invalid(`${what}: negative duration. Got ${String(value)} ms, expected 0 or more`);
  if (value >= durationMsMax) return ok(durationMsMax);
  if (!Number.isSafeInteger(value)) {
    return invalid(`${what}: expected a whole number of milliseconds, got ${String(value)}`);
  }
  return ok(millis(value));
}
