import { z } from 'zod';
import { fields, wrongIn, type FieldName } from '../fields/fields.ts';

/** A text, as the table of fields has it. */
export function textField(name: FieldName): z.ZodString {
  const rule = fields[name];
  return z
    .string()
    .superRefine((value, context) => {
      const wrong = wrongIn(rule, value);
      if (wrong !== undefined) context.addIssue({ code: 'custom', message: wrong });
    })
    .meta({ maxLength: rule.bytesMax });
}

type ListName = { [N in FieldName]: (typeof fields)[N] extends { readonly countMax: number } ? N : never }[FieldName];

/** A list, as the table of fields has it. */
export const listField = <T extends z.ZodType>(name: ListName, item: T): z.ZodArray<T> =>
  z.array(item).max(fields[name].countMax);

/** A map, as the table of fields has it. */
export function mapField<T extends z.ZodType>(name: ListName, item: T): z.ZodRecord<z.ZodString, T> {
  const { countMax } = fields[name];
  return z
    .record(textField('text'), item)
    .refine((map) => Object.keys(map).length <= countMax, `expected at most ${String(countMax)} entries`)
    .meta({ maxProperties: countMax });
}
