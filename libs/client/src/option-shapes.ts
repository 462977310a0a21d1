import { connectionShape, durationShape, optionProblem, shown, textShape as text } from '@ratchet/protocol';
import { z } from 'zod';
import { InvalidActivityOptionsError } from './errors.ts';

const duration = durationShape.optional();
const number = z.number().optional();

/** `CommonStartOptions` and `args`: types alone, what they say is checked by the domain's rules. */
export const startShape = z.strictObject({
  id: text,
  taskQueue: z.string(),
  timeouts: z.strictObject({
    scheduleToClose: duration,
    scheduleToStart: duration,
    startToClose: duration,
    heartbeat: duration,
  }),
  retry: z
    .strictObject({
      initialInterval: duration,
      backoffCoefficient: number,
      maximumInterval: duration,
      maximumAttempts: number,
      nonRetryableErrorTypes: z.array(z.string()).optional(),
    })
    .optional(),
  priority: z.strictObject({ priorityKey: number, fairnessKey: text, fairnessWeight: number }).optional(),
  idConflictPolicy: text,
  idReusePolicy: text,
  startDelay: duration,
  requestId: text,
  retention: duration,
  args: z.array(z.unknown()).optional(),
});

/** `ActivityClientOptions`. */
export const clientShape = connectionShape.extend({ requestTimeout: duration });

const runShape = z.strictObject({ workflowId: z.string(), runId: text });

/** `AttachRunOptions` of `@ratchet/workflow`. */
export const attachRunShape = runShape.extend({ takeOver: z.boolean().optional() });

/** `OpenRunOptions` of `@ratchet/workflow`. */
export const openRunShape = runShape.extend({ requestId: text, retention: duration, timeout: duration });

/** What a signal is made of. */
export const signalShape = z.strictObject({
  workflowId: z.string(),
  runId: text,
  name: z.string(),
  args: z.array(z.unknown()),
  signalId: z.string(),
});

/** @throws InvalidActivityOptionsError that names the field. */
export function checkOptions(shape: z.ZodType, given: unknown): void {
  const problem = optionProblem(shape, given);
  if (problem !== undefined) throw new InvalidActivityOptionsError(problem.message, problem.field);
}

/** @throws InvalidActivityOptionsError that names the field. */
export function checkText(field: string, given: unknown): void {
  if (typeof given === 'string') return;
  throw new InvalidActivityOptionsError(`Expected to get ${field} as a string, but it is ${shown(given)}`, field);
}
