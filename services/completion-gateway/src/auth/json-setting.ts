import { readFileSync } from 'node:fs';
import { z } from 'zod';

/**
 * A setting that is JSON: given as such, or as the path of a file that has it, as orchestrators hand out secrets.
 *
 * Read once, at start.
 */
export const jsonOrFile = <T>(schema: z.ZodType<T>): z.ZodType<T, string> =>
  textOrFile((text) => /^\s*[[{]/.test(text))
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        return refuse(context, 'it is not JSON');
      }
    })
    .pipe(schema);

/** A setting that is PEM: given as such, or as the path of a file that has it. */
export const pemOrFile: z.ZodType<string, string> = textOrFile((text) => text.includes('-----BEGIN ')).refine((text) =>
  text.includes('-----BEGIN '),
);

function textOrFile(isText: (given: string) => boolean): z.ZodType<string, string> {
  return z.string().transform((given, context) => {
    if (isText(given)) return given;
    try {
      return readFileSync(given, 'utf8');
    } catch (error) {
      return refuse(context, error instanceof Error ? error.message : String(error));
    }
  });
}

function refuse(context: z.RefinementCtx, message: string): never {
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
}
