import { randomUUID } from 'node:crypto';
import { InvariantError } from '@ratchet/domain';
import secureJson from 'secure-json-parse';
import { ProblemError } from './problem.ts';

/** Arrays and objects within one another: a reader of JSON takes seconds for millions of them. */
const depthMax = 100;
/** Of the whole, whatever they are: more of them make a reader hold up everyone else. */
const valuesMax = 100_000;

/**
 * JSON as it came. What is handed on of it is its own bytes: a number keeps all its digits, an object its doubled names.
 */
export class JsonText {
  readonly bytes: Buffer;

  /** @param bytes JSON in UTF-8. */
  constructor(bytes: Uint8Array) {
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get text(): string {
    return this.bytes.toString('utf8');
  }

  /** As JavaScript has it: numbers are rounded to doubles, and of names that stand twice the last one counts. */
  get value(): unknown {
    return JSON.parse(this.text) as unknown;
  }

  /** Whether it is an object or an array. */
  get isContainer(): boolean {
    const first = this.bytes[afterSpace(this.bytes, 0)];
    return first === openObject || first === openArray;
  }

  /** What stands at a path of names and indices; nothing when there is nothing. */
  at(path: readonly string[]): JsonText | undefined {
    return path.reduce<JsonText | undefined>((within, step) => within?.members().get(step), this);
  }

  /** What is directly in it: of an object by name, of an array by index; of anything else nothing. */
  members(): ReadonlyMap<string, JsonText> {
    const { bytes } = this;
    const members = new Map<string, JsonText>();
    let index = afterSpace(bytes, 0);
    const isArray = bytes[index] === openArray;
    if (!isArray && bytes[index] !== openObject) return members;
    index = afterSpace(bytes, index + 1);
    while (bytes[index] !== closeArray && bytes[index] !== closeObject) {
      let name = String(members.size);
      if (!isArray) {
        const end = endOfText(bytes, index) + 1;
        name = JSON.parse(bytes.toString('utf8', index, end)) as string;
        index = afterSpace(bytes, afterSpace(bytes, end) + 1);
      }
      const end = endOfValue(bytes, index);
      members.set(name, new JsonText(bytes.subarray(index, end)));
      index = afterSpace(bytes, end);
      if (bytes[index] === comma) index = afterSpace(bytes, index + 1);
    }
    return members;
  }
}

/**
 * Reads JSON that comes from outside; a byte order mark before it is no part of it (RFC 8259 section 8.1).
 *
 * @throws ProblemError 400 when the bytes are no JSON in UTF-8, or nest deeper than 100 levels; 413 when there are more
 * than 100,000 values in it.
 */
export function readJson(bytes: Uint8Array): JsonText {
  checkShape(bytes);
  parse(bytes);
  return new JsonText(withoutMark(bytes));
}

/** Of a value of ours. */
export const jsonTextOf = (value: unknown): JsonText => new JsonText(Buffer.from(JSON.stringify(value)));

/** Of bytes that are to be shown, whatever their shape; nothing when they are no JSON. */
export function shownJson(bytes: Uint8Array): JsonText | undefined {
  try {
    parse(bytes);
  } catch {
    return undefined;
  }
  return new JsonText(withoutMark(bytes));
}

function parse(bytes: Uint8Array): unknown {
  try {
    // A byte order mark is passed over.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError(400, `Expected a body of JSON in UTF-8, but: ${reason}`, {}, { cause });
  }
}

/** Where in a request its sender's own values stand; `*` is every index. */
const senderValues = [['args', '*'], ['result'], ['details'], ['failure', 'details']] as const;

/**
 * Reads a request: what is a value of its sender's own stands in it as `JsonText`, everything else as JavaScript has it.
 *
 * @param values the paths of such values.
 * @throws ProblemError as `readJson`; and 400 when a name outside of those values would name a prototype.
 */
export function readSenderJson(bytes: Uint8Array, values: readonly (readonly string[])[] = senderValues): unknown {
  checkShape(bytes);
  const request = { whole: parse(bytes) };
  const text = new JsonText(withoutMark(bytes));
  const kept = values.flatMap((path) => keep(request, 'whole', text, path));
  try {
    secureJson.scan(request);
  } catch (cause) {
    throw new ProblemError(400, 'Expected a body without __proto__ and constructor.prototype', {}, { cause });
  }
  for (const put of kept) put();
  return request.whole;
}

/** Takes away what is at a path; what it returns puts back the text of it. */
function keep(
  within: Record<string, unknown>,
  name: string,
  text: JsonText,
  [step, ...path]: readonly string[],
): readonly (() => void)[] {
  if (step === undefined) {
    within[name] = null;
    return [
      () => {
        within[name] = text;
      },
    ];
  }
  const value = within[name];
  if (typeof value !== 'object' || value === null || (step === '*') !== Array.isArray(value)) return [];
  const members = text.members();
  const steps = step === '*' ? [...members.keys()] : [step];
  return steps.flatMap((key) => {
    const member = members.get(key);
    return member === undefined ? [] : keep(value as Record<string, unknown>, key, member, path);
  });
}

/** What `readSenderJson` has put in place of a value. */
export function textIn(value: unknown): JsonText {
  if (value instanceof JsonText) return value;
  throw new InvariantError(
    'Expected to find a value of the sender as it came, but it is not among those of readSenderJson',
  );
}

/** Never seen outside: what comes from there cannot be taken for it. */
const mark = randomUUID();
const marked = new RegExp(`"${mark}:(\\d+)"`, 'g');

/** As `JSON.stringify`, with every `JsonText` as it came. */
export function writeJson(value: unknown): string {
  const texts: JsonText[] = [];
  const replace = (_: string, each: unknown): unknown =>
    each instanceof JsonText ? `${mark}:${String(texts.push(each) - 1)}` : each;
  const written = JSON.stringify(value, replace);
  return texts.length === 0 ? written : written.replaceAll(marked, (_, index) => texts[Number(index)]?.text ?? '');
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, comma] = [code('"'), code('\\'), code(',')];
const [openArray, closeArray, openObject, closeObject] = [code('['), code(']'), code('{'), code('}')];
const spaces: ReadonlySet<number | undefined> = new Set([' ', '\t', '\n', '\r'].map(code));

function withoutMark(bytes: Uint8Array): Buffer {
  const all = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return all[0] === 0xef && all[1] === 0xbb && all[2] === 0xbf ? all.subarray(3) : all;
}

/** Counts without building anything: where the shape is wrong, reading the whole has not begun. */
function checkShape(bytes: Uint8Array): void {
  let depth = 0;
  let values = 1;
  for (let index = 0; index < bytes.length; index++) {
    switch (bytes[index]) {
      case quote:
        index = endOfText(bytes, index);
        break;
      case comma:
        values++;
        break;
      case openArray:
      case openObject:
        values++;
        if (++depth > depthMax) throw tooDeep();
        break;
      case closeArray:
      case closeObject:
        depth--;
        break;
      default:
    }
    if (values > valuesMax) throw tooManyValues();
  }
}

// What follows is asked of JSON alone, or ends where the bytes do.

function afterSpace(bytes: Uint8Array, start: number): number {
  let index = start;
  while (spaces.has(bytes[index])) index++;
  return index;
}

/** The closing quote of the text that begins at `start`. */
function endOfText(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1;
  return index;
}

/** Behind the value that begins at `start`. */
function endOfValue(bytes: Uint8Array, start: number): number {
  let depth = 0;
  for (let index = start; index < bytes.length; index++) {
    switch (bytes[index]) {
      case quote:
        index = endOfText(bytes, index);
        break;
      case openArray:
      case openObject:
        depth++;
        break;
      case closeArray:
      case closeObject:
        if (depth === 0) return index;
        depth--;
        break;
      case comma:
        if (depth === 0) return index;
        break;
      default:
        if (depth === 0 && spaces.has(bytes[index])) return index;
    }
  }
  return bytes.length;
}

const tooDeep = (): ProblemError =>
  new ProblemError(400, `Expected JSON to nest at most ${String(depthMax)} levels deep, but it nests deeper`);

const tooManyValues = (): ProblemError =>
  new ProblemError(
    413,
    `Expected JSON to have at most ${String(valuesMax)} values, but it has more: larger ones may be sent as raw payloads`,
  );
