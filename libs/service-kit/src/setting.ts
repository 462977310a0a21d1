import { z } from 'zod';

export type Environment = 'development' | 'production';

/** One variable of the environment: how it is read, and how it is spoken of when it is wrong. */
export interface Setting<T> {
  readonly variable: `RATCHET_${string}`;
  /** Completes "expected ...": what a right value looks like. */
  readonly expected: string;
  readonly schema: z.ZodType<T, string>;
  /** What it is when the variable is not set. An environment without a default here must set it. */
  readonly defaults?: Readonly<Partial<Record<Environment, T>>>;
  /** Its value is never shown. */
  readonly secret?: boolean;
}

/** The settings of one service, by the name that its configuration uses. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The configuration that a service gets from its settings. */
export type ConfigOf<S extends Settings> = {
  readonly [Name in keyof S]: S[Name] extends Setting<infer T> ? T : never;
};

export const inEvery = <T>(value: T): Readonly<Record<Environment, T>> => ({ development: value, production: value });

export const wholeNumber = (min: number, max: number): z.ZodType<number, string> =>
  z
    .string()
    .regex(/^\d{1,15}$/)
    .transform(Number)
    .refine((value) => value >= min && value <= max);
