import type { ActivityHandle } from './activity-handle.ts';
import type { ActivityName, ActivityResult, UntypedActivities } from './activity-types.ts';
import type { StartActivityOptions } from './start-activity-options.ts';

/**
 * The call signatures of `execute` and `start`.
 *
 * `client.execute<typeof activities>('charge', ...)` must know the result of `charge`, but TypeScript takes either all
 * type arguments of a call or none: with `typeof activities` written down, the name is not inferred. So there is one
 * signature for the first name in `typeof activities`, one for the second, and so on; each says the result of its name.
 */
export type ActivityCalls<Kind extends CallKind> = InferredCall<Kind> & NthCalls<Kind> & AnyCall<Kind>;

export type CallKind = 'execute' | 'start';
type CallResult<Kind extends CallKind, R> = Promise<Kind extends 'execute' ? R : ActivityHandle<R>>;

/** No type argument, or both: `execute('charge', ...)`, `execute<typeof activities, 'charge'>('charge', ...)`. */
type InferredCall<Kind extends CallKind> = <T = UntypedActivities, N extends ActivityName<T> = never>(
  activityType: N,
  options: StartActivityOptions<T, N>,
) => CallResult<Kind, ActivityResult<T, N>>;

type NthCall<Kind extends CallKind, I extends number> = <T>(
  activityType: NthName<T, I>,
  options: StartActivityOptions<T, NthName<T, I>>,
) => CallResult<Kind, ActivityResult<T, NthName<T, I>>>;

/** For more names than there are signatures, or a name known only at run time: the result is one of all. */
type AnyCall<Kind extends CallKind> = <T>(...call: CallOf<T>) => CallResult<Kind, ActivityResult<T, ActivityName<T>>>;

type CallOf<T> = { [N in ActivityName<T>]: [activityType: N, options: StartActivityOptions<T, N>] }[ActivityName<T>];

type NthName<T, I extends number> = TupleOf<ActivityName<T>>[I] & ActivityName<T>;

/** The members of a union in some order, always the same one. */
type TupleOf<U, L = LastOf<U>> = [U] extends [never] ? [] : [...TupleOf<Exclude<U, L>>, L];
type LastOf<U> =
  IntersectionOf<U extends unknown ? (member: U) => void : never> extends (member: infer L) => void ? L : never;
type IntersectionOf<U> = (U extends unknown ? (member: U) => void : never) extends (member: infer I) => void
  ? I
  : never;

type NthCalls<K extends CallKind> = NthCall<K, 0> &
  NthCall<K, 1> &
  NthCall<K, 2> &
  NthCall<K, 3> &
  NthCall<K, 4> &
  NthCall<K, 5> &
  NthCall<K, 6> &
  NthCall<K, 7> &
  NthCall<K, 8> &
  NthCall<K, 9> &
  NthCall<K, 10> &
  NthCall<K, 11> &
  NthCall<K, 12> &
  NthCall<K, 13> &
  NthCall<K, 14> &
  NthCall<K, 15> &
  NthCall<K, 16> &
  NthCall<K, 17> &
  NthCall<K, 18> &
  NthCall<K, 19> &
  NthCall<K, 20> &
  NthCall<K, 21> &
  NthCall<K, 22> &
  NthCall<K, 23>;
