import { durationExpected, durationMs, type Duration } from '@ratchet/protocol';
import { z } from 'zod';
import { textField } from './field-schema.ts';

const duration = z.union([z.number(), textField('duration')]).describe("Milliseconds, or text such as '30s'.");

/** Milliseconds, or text such as '30s'; read as milliseconds. */
export const durationText = duration.transform((given, context): number => {
  // What is no duration is told as such below.
  const read = durationMs(given as Duration);
  if (read !== undefined) return read;
  context.addIssue({ code: 'custom', message: `expected ${durationExpected}` });
  return z.NEVER;
});
