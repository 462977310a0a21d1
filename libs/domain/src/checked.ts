import type { Refusal } from './refusal.ts';

/** What a check of input gives: the value in its normal form, or why it is refused. */
export type Checked<T> =
  { readonly kind: 'ok'; readonly value: T } | { readonly kind: 'refused'; readonly refusal: Refusal };

export const ok = <T>(value: T): { readonly kind: 'ok'; readonly value: T } => ({ kind: 'ok', value });

/** Bad input. The message names the field. */
export const invalid = (message: string): { readonly kind: 'refused'; readonly refusal: Refusal } => ({
  kind: 'refused',
  refusal: { reason: 'invalid-argument', message },
});
