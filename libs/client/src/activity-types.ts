/** What an activity is: a function whose arguments and result travel as payloads. */
export type ActivityFunction = (...args: never[]) => unknown;

/** The activities of a client that says nothing about them: any name, any arguments, an unknown result. */
export type UntypedActivities = Readonly<Record<string, (...args: readonly unknown[]) => unknown>>;

/** The names of the activities among the members of `T`, usually `typeof activities` of a module. */
export type ActivityName<T> = { [K in keyof T]: T[K] extends ActivityFunction ? K : never }[keyof T] & string;

/** The arguments of the activity (of the union of them, for a union of names). */
export type ActivityArguments<T, N extends ActivityName<T>> = N extends unknown
  ? T[N] extends (...args: infer A) => unknown
    ? Readonly<A>
    : never
  : never;

/** What the activity gives in the end. */
export type ActivityResult<T, N extends ActivityName<T>> = N extends unknown
  ? T[N] extends (...args: never[]) => infer R
    ? Awaited<R>
    : never
  : never;
