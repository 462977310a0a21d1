import { isDeepStrictEqual } from 'node:util';
import { parseExactJson } from '@ratchet/service-kit';
import { jsonTextOf, type JsonText } from '../http/json-text.ts';
import { ProblemError } from '../http/problem.ts';
import type { Condition, Selector } from './webhooks.settings.ts';

/** What a selector means in this body, as it came; nothing when there is nothing there. */
export function select(body: JsonText, selector: Selector): JsonText | undefined {
  if (typeof selector !== 'string') return jsonTextOf(selector.const);
  return body.at(stepsOf(selector));
}

/** RFC 6901. */
const stepsOf = (pointer: string): readonly string[] =>
  pointer
    .split('/')
    .slice(1)
    .map((step) => step.replaceAll('~1', '/').replaceAll('~0', '~'));

/** The text, or the number with all its digits, that must be there. @throws ProblemError 422 that names the pointer. */
export function selectText(body: JsonText, selector: Selector): string {
  const text = selectOptionalText(body, selector);
  if (text !== '') return text;
  throw wrongAt(selector, 'expected some text or a number');
}

/** As `selectText`; empty where there is nothing, or `null` or an empty text stands. */
export function selectOptionalText(body: JsonText, selector: Selector | undefined): string {
  const found = selector === undefined ? undefined : select(body, selector);
  const value = found?.value ?? '';
  if (typeof value === 'string') return value;
  if (typeof value === 'number') return found?.text ?? '';
  throw wrongAt(selector, 'expected some text, a number or nothing');
}

/** Words for people and for retry policies: what is no text is shown as JSON, and nothing at all as nothing. */
export function selectWords(body: JsonText, selector: Selector | undefined): string {
  const found = selector === undefined ? undefined : select(body, selector);
  const value = found?.value ?? '';
  return typeof value === 'string' ? value.toWellFormed() : (found?.text ?? '');
}

/** Compared as JSON, numbers by all their digits. */
export function holds(body: JsonText, { at, equals }: Condition): boolean {
  const found = select(body, at);
  if (found === undefined) return false;
  try {
    return isDeepStrictEqual(parseExactJson(found.text), equals);
  } catch {
    // It has a number that no double is: the configuration has none of those.
    return false;
  }
}

function wrongAt(selector: Selector | undefined, expected: string): ProblemError {
  const pointer = typeof selector === 'string' ? selector : '';
  const detail = `${expected}, as the configuration of this webhook says`;
  return new ProblemError(422, `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}
