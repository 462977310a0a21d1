import { asProperty, type NotSerialisable } from './not-serialisable.ts';

/** Numbers with fewer digits are what they are, and an exponent of three digits is where the largest numbers end. */
const mayBeInexact = /\d{16}|[eE]\+?\d{3}/;

/** There is a number that JavaScript has not. */
export class InexactNumberError extends Error {
  override readonly name = 'InexactNumberError';
  readonly place: NotSerialisable;

  constructor(place: NotSerialisable) {
    super(`value${place.path} ${place.reason}`);
    this.place = place;
  }
}

/** Stands for a number until it is known where it is. */
class InexactNumber {
  readonly source: string;

  constructor(source: string) {
    this.source = source;
  }
}

/**
 * As `JSON.parse`, which rounds without a word: an id of twenty digits would be another's.
 *
 * @throws SyntaxError when it is not JSON; InexactNumberError when a whole number, or one beyond the largest, is none of
 * JavaScript's. Digits behind a point are rounded as ever.
 */
export function parseExactly(json: string): unknown {
  if (!mayBeInexact.test(json)) return JSON.parse(json);
  const inexact: InexactNumber[] = [];
  const read = (_key: string, value: unknown, ...[context]: { readonly source?: string }[]): unknown => {
    const source = context?.source;
    if (typeof value !== 'number' || source === undefined || isExactly(value, source)) return value;
    const number = new InexactNumber(source);
    inexact.push(number);
    return number;
  };
  const value: unknown = JSON.parse(json, read);
  if (inexact.length === 0) return value;
  const { path, source } = placeOf(value) ?? { path: '', source: 'a number' };
  throw new InexactNumberError({
    path,
    reason: `is ${source}, which no number of JavaScript is: it must come as text`,
  });
}

/** JavaScript itself writes the shortest digits that read back the same, and zeros behind them. */
const isExactly = (value: number, source: string): boolean =>
  Number.isFinite(value) && (!/^-?\d+$/.test(source) || String(value) === source || BigInt(source) === BigInt(value));

function placeOf(value: unknown): { readonly path: string; readonly source: string } | undefined {
  if (value instanceof InexactNumber) return { path: '', source: value.source };
  if (typeof value !== 'object' || value === null) return undefined;
  const isList = Array.isArray(value);
  for (const [name, inner] of Object.entries(value)) {
    const place = placeOf(inner);
    if (place !== undefined) return { ...place, path: `${isList ? `[${name}]` : asProperty(name)}${place.path}` };
  }
  return undefined;
}
