import { z } from 'zod';
import { parseExactJson } from './exact-json.ts';

export type Environment = 'development' | 'production';

/**
 * One variable of the environment: how it is read, and how it is spoken of when it is wrong.
 *
 * Each may also be given as a file, whose path stands in the variable of the same name and `_FILE`: its content, but for
 * the end of the last line, is the value. A file that changes is read again (see `LiveConfig`).
 */
export interface Setting<T> {
  readonly variable: `RATCHET_${string}`;
  /** Completes "expected ...": what a right value looks like. */
  readonly expected: string;
  readonly schema: z.ZodType<T, string>;
  /** What it is when the variable is not set. An environment without a default here must set it. */
  readonly defaults?: Readonly<Partial<Record<Environment, T>>>;
  /** What is not set is `undefined`. */
  readonly isOptional?: boolean;
  /** Its value is never shown. */
  readonly secret?: boolean;
  /** Whether what is given is the value itself; where it is not, it is the path of a file with it. Absent: it always is. */
  readonly isValue?: (given: string) => boolean;
  /** The secrets that a value has in it: in production none may be published or easily guessed. */
  secretsIn?(value: T): readonly (string | Uint8Array)[];
  /** Whoever uses it takes a new value while running. Absent: a new value is for the next start. */
  readonly isLive?: boolean;
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

/** An http or https address that may be shown to everyone: there is another setting for whoever asks at it. */
export const openUrl: z.ZodType<string, string> = z
  .url({ protocol: /^https?$/, abort: true })
  .refine((url) => !/^https?:\/\/[^/?#]*@/i.test(url));

/** A setting that is JSON: given as such, or as the path of a file that has it, as orchestrators hand out secrets. */
export const json = <T>(schema: z.ZodType<T>): Pick<Setting<T>, 'schema' | 'isValue'> => ({
  schema: z
    .string()
    .transform((text, context): unknown => {
      try {
        return parseExactJson(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'it is not JSON, or has a number that would be rounded' });
        return z.NEVER;
      }
    })
    .pipe(schema),
  isValue: (given) => /^\s*[[{]/.test(given),
});

/** A setting that is PEM: given as such, or as the path of a file that has it. */
export const pem: Pick<Setting<string>, 'schema' | 'isValue'> = {
  schema: z.string().includes('-----BEGIN '),
  isValue: (given) => given.includes('-----BEGIN '),
};
