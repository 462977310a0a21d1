// Whatever was thrown is read here: an activity may throw anything (an error whose fields are no text, one of another
// realm, a proxy that was revoked), and its end must be reported all the same. Nothing of this throws.

/** Errors of another realm (a `vm` context, Jest's sandbox) are none to `instanceof`. */
export const isError = (value: unknown): value is Error =>
  isInstance(value, Error) || /^\[object (Error|DOMException)\]$/.test(kindOf(value));

/** As `instanceof`, which asks a proxy for its prototype. */
export function isInstance<T>(value: unknown, of: abstract new (...args: never[]) => T): value is T {
  try {
    return value instanceof of;
  } catch {
    return false;
  }
}

/** @returns `undefined` when there is no such field, or it cannot be read. */
export function fieldOf(value: unknown, name: string): unknown {
  try {
    return (value as Readonly<Record<string, unknown>> | null | undefined)?.[name];
  } catch {
    return undefined;
  }
}

/** The details of a failure: who writes JavaScript may have given one that is no list, or none. */
export function detailsOf(failure: unknown): readonly unknown[] {
  const details = fieldOf(failure, 'details') ?? [];
  return isList(details) ? details : [details];
}

function isList(value: unknown): value is readonly unknown[] {
  try {
    return Array.isArray(value);
  } catch {
    return false;
  }
}

/** Nothing for `null` and `undefined`, JSON where there is any, else the kind of thing it is; always well-formed. */
export function asText(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'object' || typeof value === 'function') return jsonOf(value) ?? kindOf(value);
  return (value as string | number | boolean | bigint | symbol).toString().toWellFormed();
}

/** The message of an error, or what else was thrown. */
export const errorText = (error: unknown): string =>
  isError(error) ? asText(fieldOf(error, 'message')) : error === null ? 'null' : asText(error) || typeof error;

function jsonOf(value: object): string | undefined {
  try {
    const json: unknown = JSON.stringify(value);
    return typeof json === 'string' ? json.toWellFormed() : undefined;
  } catch {
    return undefined;
  }
}

function kindOf(value: unknown): string {
  try {
    return Object.prototype.toString.call(value).toWellFormed();
  } catch {
    return '[something that cannot be read]';
  }
}
