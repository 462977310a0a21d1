/**
 * Sets a property unless the value is absent. Avro says `null` where the domain has no property at all, and a property
 * that is there but undefined would override a default when options are merged.
 */
export function setPresent<T extends object, K extends keyof T>(
  target: T,
  key: K,
  value: NonNullable<T[K]> | null | undefined,
): void {
  if (value !== null && value !== undefined) target[key] = value;
}

/** Whether a nullable Avro field has a value. */
export const isPresent = <T>(value: T | null | undefined): value is T => value !== null && value !== undefined;

/** Whether a list has anything in it: the domain has no property where Avro has an empty list by default. */
export const isSome = <T>(list: readonly T[] | undefined): list is readonly T[] =>
  list !== undefined && list.length > 0;
