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
 * The first thing in a value that JSON would refuse or drop without a word: a function, a symbol, a BigInt, a cycle.
 *
 * `undefined` inside an object is no trouble: JSON leaves the property out, which reads back the same. A value with its own
 * `toJSON` speaks for itself.
 *
 * @returns `undefined` when there is none.
 */
export function notSerialisable(value: unknown): NotSerialisable | undefined {
  // One small array per object on the way down, and none at all for plain values: this runs for every argument.
  return isPlain(value) ? undefined : search(value, []);
}

const isPlain = (value: unknown): boolean =>
  value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';

const reasons: Readonly<Partial<Record<string, string>>> = {
  bigint: 'is a BigInt',
  function: 'is a function',
  symbol: 'is a symbol',
};

function search(value: unknown, ancestors: readonly object[]): NotSerialisable | undefined {
  const reason = reasons[typeof value];
  if (reason !== undefined && !hasToJson(value)) return { path: '', reason };
  if (typeof value !== 'object' || value === null || hasToJson(value)) return undefined;
  if (ancestors.includes(value)) return { path: '', reason: 'contains itself' };
  if (ancestors.length === depthMax) return { path: '', reason: `is nested more than ${String(depthMax)} levels deep` };
  return Array.isArray(value) ? searchArray(value, ancestors) : searchObject(value, ancestors);
}

function searchArray(values: readonly unknown[], ancestors: readonly object[]): NotSerialisable | undefined {
  let below: readonly object[] | undefined;
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (isPlain(value)) continue;
    const trouble = search(value, (below ??= [...ancestors, values]));
    if (trouble !== undefined) return { ...trouble, path: `[${String(index)}]${trouble.path}` };
  }
  return undefined;
}

function searchObject(object: object, ancestors: readonly object[]): NotSerialisable | undefined {
  let below: readonly object[] | undefined;
  for (const [name, value] of Object.entries(object)) {
    if (isPlain(value)) continue;
    const trouble = search(value, (below ??= [...ancestors, object]));
    if (trouble !== undefined) return { ...trouble, path: `${asProperty(name)}${trouble.path}` };
  }
  return undefined;
}

// JSON asks every value for it, BigInts too: some programs define BigInt.prototype.toJSON.
const hasToJson = (value: unknown): boolean =>
  value !== null && value !== undefined && typeof (value as { readonly toJSON?: unknown }).toJSON === 'function';

const asProperty = (name: string): string =>
  /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
