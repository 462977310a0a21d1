declare const unit: unique symbol;

/** A length of time, in whole milliseconds, never negative. */
export type Millis = number & { readonly [unit]: 'ms' };

/** An instant: milliseconds since the Unix epoch. The domain only ever receives one; it never reads a clock. */
export type EpochMillis = number & { readonly [unit]: 'epoch-ms' };

/** A position in one partition of the command log. */
export type Offset = number;

export const millis = (value: number): Millis => {
  invariant(Number.isSafeInteger(value) && value >= 0, `not a duration in milliseconds: ${String(value)}`);
  return value as Millis;
};

export const epochMillis = (value: number): EpochMillis => {
  invariant(Number.isSafeInteger(value) && value >= 0, `not an instant in epoch milliseconds: ${String(value)}`);
  return value as EpochMillis;
};

export const after = (start: EpochMillis, delayMs: Millis): EpochMillis => epochMillis(start + delayMs);

/**
 * Throws where our own reasoning is wrong. In a decision that stops the partition; elsewhere the record in hand is dead-lettered.
 *
 * Not for bad input (that is a `Refusal`) and not for a broker that is away (that is an `OperationalError`):
 * a failed invariant means the code is wrong, and going on would write a lie to the log.
 */
export function invariant(condition: boolean, message: string): asserts condition {
  if (!condition) throw new InvariantError(message);
}

export class InvariantError extends Error {
  override readonly name = 'InvariantError';
}

export const unreachable = (value: never): never => {
  throw new InvariantError(`unreachable: ${JSON.stringify(value)}`);
};
