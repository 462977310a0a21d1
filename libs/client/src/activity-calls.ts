import type { ActivityHandle } from './activity-handle.ts';
import type { ActivityName, ActivityResult, UntypedActivities } from './activity-types.ts';
import type { CommonStartOptions, StartActivityOptions } from './start-activity-options.ts';

/**
 * The call signatures of `execute` and `start`, and of others that start activities.
 *
 * `client.execute<typeof activities>('charge', ...)` must know the result of `charge`, but TypeScript takes either all
 * type arguments of a call or none: with `typeof activities` written down, the name is not inferred. So there is one
 * signature for the first name in `typeof activities`, one for the second, and so on; each says the result of its name.
 *
 * @typeParam Before what is given before the name.
 */
export type ActivityCalls<
  Kind extends CallKind,
  Common = CommonStartOptions,
  Before extends readonly unknown[] = [],
> = InferredCall<Kind, Common, Before> & NthCalls<Kind, Common, Before> & AnyCall<Kind, Common, Before>;

export type CallKind = 'execute' | 'start' | HandleOf;

/** A kind of handle: extend it, and say in `Handle` what it is for a `Result` (of `this['Result']`). */
export interface HandleOf {
  readonly Result: unknown;
  readonly Handle: unknown;
}

type CallResult<Kind extends CallKind, R> = Promise<
  Kind extends 'execute' ? R : Kind extends HandleOf ? (Kind & { readonly Result: R })['Handle'] : ActivityHandle<R>
>;

/** No type argument, or both: `execute('charge', ...)`, `execute<typeof activities, 'charge'>('charge', ...)`. */
type InferredCall<Kind extends CallKind, Common, Before extends readonly unknown[]> = <
  T = UntypedActivities,
  N extends ActivityName<T> = never,
>(
  ...call: [...Before, activityType: N, options: StartActivityOptions<T, N, Common>]
) => CallResult<Kind, ActivityResult<T, N>>;

type NthCall<Kind extends CallKind, Common, Before extends readonly unknown[], I extends number> = <T>(
  ...call: [...Before, activityType: NthName<T, I>, options: StartActivityOptions<T, NthName<T, I>, Common>]
) => CallResult<Kind, ActivityResult<T, NthName<T, I>>>;

/** For more names than there are signatures, or a name known only at run time: the result is one of all. */
type AnyCall<Kind extends CallKind, Common, Before extends readonly unknown[]> = <T>(
  ...call: [...Before, ...CallOf<T, Common>]
) => CallResult<Kind, ActivityResult<T, ActivityName<T>>>;

type CallOf<T, Common> = RightCall<T, Common> | WrongCall<T, Common>;

type RightCall<T, Common> = {
  [N in ActivityName<T>]: [activityType: N, options: StartActivityOptions<T, N, Common>];
}[ActivityName<T>];

/**
 * No call is one. The compiler explains a name that fits nowhere by the last of the calls that there are: by this one, which
 * says all names, where it would else say one of them.
 */
type WrongCall<T, Common> = [activityType: OneOf<TupleOf<ActivityName<T>>[number]>, options: Common];
declare const expectedNames: unique symbol;
type OneOf<Names> = string & { readonly [expectedNames]: Names };

type NthName<T, I extends number> = TupleOf<ActivityName<T>>[I] & ActivityName<T>;

/** The members of a union in some order, always the same one. */
type TupleOf<U, L = LastOf<U>> = [U] extends [never] ? [] : [...TupleOf<Exclude<U, L>>, L];
type LastOf<U> =
  IntersectionOf<U extends unknown ? (member: U) => void : never> extends (member: infer L) => void ? L : never;
type IntersectionOf<U> = (U extends unknown ? (member: U) => void : never) extends (member: infer I) => void
  ? I
  : never;

type NthCalls<K extends CallKind, C, B extends readonly unknown[]> = NthCall<K, C, B, 0> &
  NthCall<K, C, B, 1> &
  NthCall<K, C, B, 2> &
  NthCall<K, C, B, 3> &
  NthCall<K, C, B, 4> &
  NthCall<K, C, B, 5> &
  NthCall<K, C, B, 6> &
  NthCall<K, C, B, 7> &
  NthCall<K, C, B, 8> &
  NthCall<K, C, B, 9> &
  NthCall<K, C, B, 10> &
  NthCall<K, C, B, 11> &
  NthCall<K, C, B, 12> &
  NthCall<K, C, B, 13> &
  NthCall<K, C, B, 14> &
  NthCall<K, C, B, 15> &
  NthCall<K, C, B, 16> &
  NthCall<K, C, B, 17> &
  NthCall<K, C, B, 18> &
  NthCall<K, C, B, 19> &
  NthCall<K, C, B, 20> &
  NthCall<K, C, B, 21> &
  NthCall<K, C, B, 22> &
  NthCall<K, C, B, 23>;
