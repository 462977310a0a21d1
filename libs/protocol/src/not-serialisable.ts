/** What JSON cannot carry, and where it stands. */
export interface NotSerialisable {
  /** As one would write it in code: `.items[3].price`. Empty: the value itself. */
  readonly path: string;
  /** Goes on from "value.path ...". */
  readonly reason: string;
}

/** Deeper than any honest value, and far from where the stack ends. */
const depthMax = 1_000;

/**
 * The first thing in a value that would not arrive as it was given: what JSON refuses (a BigInt, a cycle), drops (a function,
 * a symbol), or turns into something else (a `Map` into `{}`, `NaN` into `null`, bytes into an object).
 *
 * `undefined` as a property is no trouble: JSON leaves the property out, which reads back the same. A value with its own
 * `toJSON` speaks for itself, by what that gives. An instance of a class of one's own is its enumerable fields.
 *
 * @returns `undefined` when there is none.
 */
export function notSerialisable(value: unknown): NotSerialisable | undefined {
  // One small array per object on the way down, and none at all for plain values: this runs for every argument.
  return isPlain(value) ? undefined : search(value, []);
}

const isPlain = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);

const reasons: Readonly<Partial<Record<string, string>>> = {
  bigint: 'is a BigInt',
  function: 'is a function',
  symbol: 'is a symbol',
};

function search(value: unknown, ancestors: readonly object[]): NotSerialisable | undefined {
  if (isPlain(value) || value === undefined) return undefined;
  if (typeof value === 'number') return { path: '', reason: `is ${String(value)}` };
  if (isBytes(value)) return { path: '', reason: 'is bytes, which travel as a value of their own or as text' };
  if (hasToJson(value)) return searchOwn(value, ancestors);
  if (typeof value !== 'object' || value === null) return { path: '', reason: reasons[typeof value] ?? '' };
  return ancestors.includes(value) ? { path: '', reason: 'contains itself' } : searchInside(value, ancestors);
}

function searchInside(value: object, ancestors: readonly object[]): NotSerialisable | undefined {
  if (ancestors.length === depthMax) return tooDeep;
  if (Array.isArray(value)) return searchArray(value, ancestors);
  const kind = kindOf(value);
  return kind === 'Object' ? searchObject(value, ancestors) : { path: '', reason: `is ${article(kind)} ${kind}` };
}

const tooDeep: NotSerialisable = { path: '', reason: `is nested more than ${String(depthMax)} levels deep` };

/** What JSON writes in place of a value that speaks for itself. */
function searchOwn(value: WithToJson, ancestors: readonly object[]): NotSerialisable | undefined {
  if (value instanceof Date && Number.isNaN(value.getTime())) return { path: '', reason: 'is an invalid date' };
  if (ancestors.length === depthMax) return tooDeep;
  const own = value.toJSON('');
  // `JSON.stringify` does not ask again what it was given.
  if (hasToJson(own)) return undefined;
  return search(own, typeof value === 'object' ? [...ancestors, value] : ancestors);
}

function searchArray(values: readonly unknown[], ancestors: readonly object[]): NotSerialisable | undefined {
  let below: readonly object[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (isPlain(value)) continue;
    const trouble = value === undefined ? undefinedInList : search(value, (below ??= [...ancestors, values]));
    if (trouble !== undefined) return { ...trouble, path: `[${String(index)}]${trouble.path}` };
  }
  return undefined;
}

const undefinedInList: NotSerialisable = { path: '', reason: 'is undefined, for which a list has no place' };

function searchObject(object: object, ancestors: readonly object[]): NotSerialisable | undefined {
  let below: readonly object[] | undefined;
  for (const [name, value] of Object.entries(object)) {
    if (isPlain(value)) continue;
    const trouble = search(value, (below ??= [...ancestors, object]));
    if (trouble !== undefined) return { ...trouble, path: `${asProperty(name)}${trouble.path}` };
  }
  return undefined;
}

/** A `Uint8Array` or `Buffer`, of whichever realm. */
export const isBytes = (value: unknown): value is Uint8Array =>
  ArrayBuffer.isView(value) && kindOf(value) === 'Uint8Array';

/** `Map`, `Error`, `Float64Array`: also of a class that extends it, and of another realm. */
const kindOf = (value: object): string => Object.prototype.toString.call(value).slice('[object '.length, -1);

const article = (kind: string): string => (/^[AEIOU]/.test(kind) ? 'an' : 'a');

interface WithToJson {
  toJSON(key: string): unknown;
}

// JSON asks every value for it, BigInts too: some programs define BigInt.prototype.toJSON.
const hasToJson = (value: unknown): value is WithToJson =>
  value !== null && value !== undefined && typeof (value as { readonly toJSON?: unknown }).toJSON === 'function';

export const asProperty = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
