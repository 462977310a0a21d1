import type { ActivityOptions } from './activity-options.ts';

/** Whether two sets of options say the same, whoever made them. */
export function sameOptions(one: ActivityOptions, other: ActivityOptions): boolean {
  if (one === other) return true;
  const { retryPolicy: policy, ...rest } = one;
  const { retryPolicy: otherPolicy, ...otherRest } = other;
  return sameFields(rest, otherRest) && samePolicy(policy, otherPolicy);
}

function samePolicy(one: ActivityOptions['retryPolicy'], other: ActivityOptions['retryPolicy']): boolean {
  if (one === other) return true;
  const { nonRetryableErrorTypes: types, ...rest } = one;
  const { nonRetryableErrorTypes: otherTypes, ...otherRest } = other;
  return (
    sameFields(rest, otherRest) &&
    types.length === otherTypes.length &&
    types.every((type, index) => type === otherTypes[index])
  );
}

const sameFields = (one: Readonly<Record<string, unknown>>, other: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(one).every(([field, value]) => other[field] === value);
