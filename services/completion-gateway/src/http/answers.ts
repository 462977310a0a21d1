import { z } from 'zod';

// What endpoints answer: the API describes itself with it, and the code that answers has its types from it. Readers are
// to pass over fields that they do not know.

const answer = <T extends z.ZodRawShape>(id: string, shape: T) => z.looseObject(shape).meta({ id });

const instant = z.string().meta({ format: 'date-time' });
const base64 = z.string().meta({ format: 'byte' });
const closedStatus = z.enum(['completed', 'failed', 'canceled', 'terminated', 'timed-out']);

const shownPayload = answer('ShownPayload', {
  metadata: z.record(z.string(), base64),
  data: base64,
});
const shownValue = z
  .union([z.looseObject({ value: z.unknown() }), z.looseObject({ payloads: z.array(shownPayload).readonly() })])
  .meta({ id: 'ShownValue', description: 'One value where it is JSON, and raw payloads otherwise.' });

const shownFailure = answer('ShownFailure', {
  message: z.string(),
  kind: z.enum(['none', 'application', 'timeout', 'canceled', 'terminated', 'server']),
  type: z.string().optional().describe('Of an application failure.'),
  nonRetryable: z.boolean().optional(),
  category: z.enum(['unspecified', 'benign']).optional(),
  timeoutType: z
    .enum(['start-to-close', 'schedule-to-start', 'schedule-to-close', 'heartbeat'])
    .optional()
    .describe('Of a timeout.'),
  identity: z.string().optional().describe('Who cancelled or terminated it.'),
  details: shownValue.optional(),
  stackTrace: z.string().optional(),
  get cause(): z.ZodOptional<z.ZodType> {
    return shownFailure.optional();
  },
});
/** A failure as it is shown. */
export type FailureJson = z.output<typeof shownFailure>;

export const outcomeAnswer = answer('Outcome', {
  runId: z.string(),
  status: closedStatus,
  result: z.unknown().optional().describe('Of a completed one, where it is JSON.'),
  resultPayloads: z.array(shownPayload).readonly().optional().describe('Of a completed one, where it is not.'),
  failure: shownFailure.optional(),
  retryState: z.string().optional().describe('Why there was no further attempt.'),
});
/** How an activity ended. */
export type OutcomeJson = z.output<typeof outcomeAnswer>;

const pendingAnswer = answer('Pending', { runId: z.string(), status: z.enum(['running', 'paused']) });
/** Not over yet: ask again. */
export type PendingJson = z.output<typeof pendingAnswer>;

export const resultAnswer = z.union([outcomeAnswer, pendingAnswer]);

export const startedAnswer = answer('StartedActivity', {
  activityId: z.string(),
  runId: z.string(),
  started: z.boolean().describe('False: it was there before.'),
});

/** Instants are ISO 8601, durations milliseconds. */
export const activityAnswer = answer('Activity', {
  activityId: z.string(),
  runId: z.string(),
  activityType: z.string(),
  status: z.union([z.enum(['running', 'paused']), closedStatus]),
  runState: z.enum(['scheduled', 'started', 'cancel-requested', 'paused', 'pause-requested', 'unspecified']),
  attempt: z.int(),
  scheduledAt: instant,
  taskQueue: z.string(),
  input: z.array(shownValue).readonly(),
  header: z.record(z.string(), shownValue).optional(),
  summary: shownValue.optional().describe('What whoever started it says of it, in a line.'),
  details: shownValue.optional().describe('And in as many as it takes.'),
  links: z
    .array(z.looseObject({}))
    .readonly()
    .optional()
    .describe("What it belongs to, as Temporal's Link in the JSON of protobuf: `{ activity: { ... } }`."),
  lastWorkerIdentity: z.string().optional(),
  workerSdk: z
    .looseObject({ name: z.string(), version: z.string() })
    .optional()
    .describe('What the worker of the latest attempt is built with.'),
  lastFailure: shownFailure.optional(),
  lastAttemptCompletedAt: instant.optional(),
  cancelReason: z.string().optional().describe('Once it was asked to be cancelled.'),
  expiresAt: instant.optional().describe('When the schedule-to-close timeout passes, or would have.'),
  startedAt: instant.optional().describe('When the attempt began that runs, or ran last.'),
  dispatchAt: instant.optional().describe('When the next attempt is offered to workers.'),
  retryIntervalMs: z.number().optional(),
  timeouts: z
    .looseObject({
      scheduleToCloseTimeoutMs: z.number(),
      scheduleToStartTimeoutMs: z.number(),
      startToCloseTimeoutMs: z.number(),
      heartbeatTimeoutMs: z.number(),
      startDelayMs: z.number(),
    })
    .describe('0 is none.'),
  priority: z
    .looseObject({ priorityKey: z.int(), fairnessKey: z.string(), fairnessWeight: z.number() })
    .describe('0 and empty are none.'),
  retryPolicy: z
    .looseObject({
      initialIntervalMs: z.number(),
      backoffCoefficient: z.number(),
      intervalMsMax: z.number(),
      attemptsMax: z.int(),
      nonRetryableErrorTypes: z.array(z.string()).readonly(),
    })
    .describe('0 attempts are no limit.'),
  heartbeat: z
    .looseObject({
      details: shownValue,
      recordedAt: instant.optional().describe('Absent: a reset has forgotten it.'),
      count: z.int(),
    })
    .optional(),
  stateTransitionCount: z.int().describe('How often it has changed.'),
  stateSizeBytes: z.int().describe('How large its records are.'),
  closedAt: instant.optional(),
  outcome: outcomeAnswer.optional().describe('Of a closed one.'),
});
export type ActivityJson = z.output<typeof activityAnswer>;

export const heartbeatAnswer = answer('HeartbeatAnswer', {
  cancelRequested: z.boolean(),
  paused: z.boolean(),
  reset: z.boolean(),
});

export const webhookAnswer = answer('WebhookAnswer', {
  ignored: z.boolean().describe('It does not meet what the endpoint waits for.'),
});

/** It was done, and there is nothing to say of it. */
export const doneAnswer = answer('Done', {});
