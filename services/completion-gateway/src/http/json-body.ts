import secureJson from 'secure-json-parse';
import { ProblemError } from './problem.ts';

/** Arrays and objects within one another: a reader of JSON takes seconds for millions of them. */
const depthMax = 100;
/** Of the whole, whatever they are: more of them make a reader hold up everyone else. */
const valuesMax = 100_000;

/**
 * Reads JSON that comes from outside.
 *
 * @throws ProblemError 400 when the bytes are no JSON in UTF-8, would name a prototype, or nest deeper than 100 levels; 413
 * when there are more than 100,000 values in it.
 */
export function parseJson(bytes: Uint8Array): unknown {
  checkShape(bytes);
  try {
    return secureJson.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ProblemError(400, `Expected a body of JSON in UTF-8, but: ${reason}`, {}, { cause });
  }
}

const code = (character: string): number => character.charCodeAt(0);
const [quote, backslash, comma] = [code('"'), code('\\'), code(',')];
const [openArray, closeArray, openObject, closeObject] = [code('['), code(']'), code('{'), code('}')];

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

/** The closing quote of the text that begins at `start`. */
function endOfText(bytes: Uint8Array, start: number): number {
  let index = start + 1;
  while (index < bytes.length && bytes[index] !== quote) index += bytes[index] === backslash ? 2 : 1;
  return index;
}

const tooDeep = (): ProblemError =>
  new ProblemError(400, `Expected JSON to nest at most ${String(depthMax)} levels deep, but it nests deeper`);

const tooManyValues = (): ProblemError =>
  new ProblemError(
    413,
    `Expected JSON to have at most ${String(valuesMax)} values, but it has more: larger ones may be sent as raw payloads`,
  );
