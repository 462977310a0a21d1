import { z } from 'zod';
import { fields, type FieldName } from '../fields/fields.ts';
import { durationText } from './duration-text.ts';
import { failureSchema } from './failure-json.ts';
import { listField, mapField, textField } from './field-schema.ts';
import { base64LengthOf, base64Text, payloadSchema } from './payload-json.ts';

const some = (name: FieldName): z.ZodString => textField(name).refine((value) => value !== '', 'expected some text');

const identity = textField('identity')
  .optional()
  .describe('Who asks; shown to people. Default: whose key or token it is.');
const requestId = textField('requestId')
  .optional()
  .describe('The same in every repetition of a request, which then counts once. Default: the header Idempotency-Key.');
const runId = z
  .union([z.uuid(), z.literal('')])
  .default('')
  .describe('Default: the latest run.');
const reason = textField('reason').default('');

const callbackUrl = textField('callbackUrls').pipe(z.url({ protocol: /^https?$/ }));

const retry = z
  .strictObject({
    initialInterval: durationText.optional(),
    backoffCoefficient: z.number().optional(),
    maximumInterval: durationText.optional(),
    maximumAttempts: z.int().optional(),
    nonRetryableErrorTypes: listField('RetryPolicy.nonRetryableErrorTypes', textField('text')).optional(),
  })
  .meta({ id: 'RetryPolicy' });

const timeouts = z
  .strictObject({
    scheduleToClose: durationText.optional(),
    scheduleToStart: durationText.optional(),
    startToClose: durationText.optional(),
    heartbeat: durationText.optional(),
  })
  .meta({ id: 'Timeouts' });

const argsOrPayloads = {
  args: listField('Payloads.payloads', z.unknown()).optional().describe('The arguments, each any JSON value.'),
  argsPayloads: listField('Payloads.payloads', payloadSchema)
    .optional()
    .describe('The arguments as raw payloads, in place of args.'),
};

export const startRequest = z
  .strictObject({
    activityId: some('activityId')
      .optional()
      .describe('Default: one is made; of a request that may be repeated always the same.'),
    activityType: some('ActivityType.name'),
    taskQueue: some('TaskQueue.name'),
    ...argsOrPayloads,
    timeouts: timeouts.describe('startToClose or scheduleToClose must be there.'),
    startDelay: durationText.optional(),
    retry: retry.optional(),
    idReusePolicy: z
      .enum(['allow-duplicate', 'allow-duplicate-failed-only', 'reject-duplicate'])
      .default('allow-duplicate'),
    idConflictPolicy: z.enum(['fail', 'use-existing']).default('fail'),
    header: mapField('list', payloadSchema).optional(),
    callbackUrls: listField('callbackUrls', callbackUrl)
      .optional()
      .describe('Told of the outcome by a signed POST (Standard Webhooks), at least once.'),
    requestId,
    identity,
  })
  .meta({ id: 'StartActivity' });
export type StartRequest = z.output<typeof startRequest>;

export const activityQuery = z.object({ runId });
export const resultQuery = z.object({
  runId,
  wait: durationText.optional().describe("How long to wait for the end, as '30s'; a minute at most."),
});

export const plainOrder = z.strictObject({ runId, requestId, identity }).meta({ id: 'Order' });
export const reasonedOrder = z.strictObject({ runId, reason, requestId, identity }).meta({ id: 'OrderWithReason' });
export const resetOrder = z
  .strictObject({
    runId,
    keepPaused: z.boolean().default(false),
    resetHeartbeat: z.boolean().default(false),
    restoreOriginalOptions: z.boolean().default(false),
    requestId,
    identity,
  })
  .meta({ id: 'Reset' });

const byIds = {
  runId: textField('runId').default('').describe('Default: the latest run.'),
  workflowId: textField('workflowId').default(''),
};
const byToken = {
  taskToken: base64Text
    .min(1)
    .max(base64LengthOf(fields.taskToken.bytesMax))
    .describe('As the task has it, in base64.'),
};
const sender = { requestId, identity };

const result = {
  result: z.unknown().optional().describe('Any JSON value; absent: no result.'),
  resultPayloads: listField('Payloads.payloads', payloadSchema).optional().describe('In place of result.'),
};
const details = {
  details: z.unknown().optional().describe('Any JSON value.'),
  detailsPayloads: listField('Payloads.payloads', payloadSchema).optional().describe('In place of details.'),
};
const failure = { failure: failureSchema.optional() };

export const completeById = z.strictObject({ ...byIds, ...result, ...sender }).meta({ id: 'CompleteById' });
export const failById = z.strictObject({ ...byIds, ...failure, ...sender }).meta({ id: 'FailById' });
export const detailsById = z.strictObject({ ...byIds, ...details, ...sender }).meta({ id: 'ReportById' });
export const completeByToken = z.strictObject({ ...byToken, ...result, ...sender }).meta({ id: 'CompleteByToken' });
export const failByToken = z.strictObject({ ...byToken, ...failure, ...sender }).meta({ id: 'FailByToken' });
export const detailsByToken = z.strictObject({ ...byToken, ...details, ...sender }).meta({ id: 'ReportByToken' });

export const signalRequest = z
  .strictObject({ runId: textField('runId').default(''), ...argsOrPayloads, requestId, identity })
  .meta({ id: 'Signal' });

/** Names in the address. */
export const nameInPath = some('text');
