import jsonpointer from 'jsonpointer';
import { ProblemError } from '../http/problem.ts';
import type { Condition, Selector } from './webhooks.settings.ts';

/** What a selector means in this body; `undefined` when there is nothing there. */
export function select(body: object, selector: Selector): unknown {
  if (typeof selector !== 'string') return selector.const;
  const found: unknown = jsonpointer.get(body, selector);
  return typeof found === 'function' ? undefined : found;
}

/** The text or number that must be there. @throws ProblemError 422 that names the pointer. */
export function selectText(body: object, selector: Selector): string {
  const found = select(body, selector);
  if (typeof found === 'string' && found !== '') return found;
  if (typeof found === 'number') return String(found);
  const pointer = typeof selector === 'string' ? selector : '';
  const detail = 'expected some text or a number, as the configuration of this webhook says';
  throw new ProblemError(422, `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
}

export const selectOptionalText = (body: object, selector: Selector | undefined): string =>
  selector === undefined || select(body, selector) === undefined ? '' : selectText(body, selector);

/** Compared as JSON. */
export const holds = (body: object, { at, equals }: Condition): boolean =>
  JSON.stringify(select(body, at)) === JSON.stringify(equals);
