import type { ActivityOptions } from './activity-options.ts';

/** Whether two sets of options say the same, whoever made them. */
export const sameOptions = (one: ActivityOptions, other: ActivityOptions): boolean =>
  one === other || (sameFields(one, other, 'retryPolicy') && samePolicy(one.retryPolicy, other.retryPolicy));

const samePolicy = (one: ActivityOptions['retryPolicy'], other: ActivityOptions['retryPolicy']): boolean =>
  one === other ||
  (sameFields(one, other, 'nonRetryableErrorTypes') &&
    one.nonRetryableErrorTypes.length === other.nonRetryableErrorTypes.length &&
    one.nonRetryableErrorTypes.every((type, index) => type === other.nonRetryableErrorTypes[index]));

/** Without a list in between: every activity that closes is asked. */
function sameFields<T extends object>(one: T, other: T, butFor: keyof T): boolean {
  for (const field in one) if (field !== butFor && one[field] !== other[field]) return false;
  return true;
}
