import { inEvery, json, webhookSecretBytes, type Setting, type Settings } from '@ratchet/service-kit';
import { z } from 'zod';

/** Where in the body a value stands (JSON Pointer, RFC 6901; empty: all of it), or the value itself. */
const selector = z.union([
  z.string().regex(/^(\/([^~]|~[01])*)?$/, 'expected a JSON Pointer (RFC 6901)'),
  z.strictObject({ const: z.json() }),
]);
export type Selector = z.output<typeof selector>;

/** The value that a body must have somewhere. */
const condition = z.strictObject({ at: selector, equals: z.json() });
export type Condition = z.output<typeof condition>;

const completion = z
  .strictObject({
    /** In base64; or else ids. */
    taskToken: selector.optional(),
    activityId: selector.optional(),
    workflowId: selector.optional(),
    runId: selector.optional(),
    /** Default: no result. */
    result: selector.optional(),
    /** When the body says that it failed, and how. */
    failure: z
      .strictObject({
        when: condition,
        message: selector.optional(),
        type: selector.optional(),
        /** Whether there is no further attempt, whatever the retry policy says; of a selector: where `true` stands. */
        nonRetryable: z.union([z.boolean(), selector]).default(false),
      })
      .optional(),
  })
  .refine(({ taskToken, activityId }) => (taskToken === undefined) !== (activityId === undefined), {
    message: 'expected either taskToken or activityId',
  });

const signal = z.strictObject({
  workflowId: selector,
  runId: selector.optional(),
  signalName: selector,
  /** Default: the whole body is the one argument. */
  argument: selector.default(''),
});

const base = {
  /** The last part of its address. */
  name: z.string().regex(/^[\w-]{1,100}$/),
  /** `whsec_` and base64, as Standard Webhooks has it; several while one is being replaced. */
  secrets: z
    .array(z.string().regex(/^(whsec_)?[A-Za-z0-9+/]{32,}={0,2}$/))
    .min(1)
    .max(5),
  namespace: z.string().min(1),
  /** Deliveries that are something else are acknowledged, and ignored. */
  when: condition.optional(),
};

const webhook = z.union([
  z.strictObject({ ...base, completes: completion }),
  z.strictObject({ ...base, signals: signal }),
]);
export type Webhook = z.output<typeof webhook>;

const webhooks: Setting<readonly Webhook[]> = {
  variable: 'RATCHET_WEBHOOKS',
  expected:
    'a JSON list of {"name", "secrets": ["whsec_..."], "namespace", "completes": {"activityId": "/data/id", "result": ' +
    '"/data"}} or {..., "signals": {"workflowId": "/data/id", "signalName": "/type"}}, without numbers that a double ' +
    'would round, or the path of a file with it',
  ...json(
    z
      .array(webhook)
      .refine((list) => new Set(list.map(({ name }) => name)).size === list.length, 'names are taken once'),
  ),
  defaults: inEvery([]),
  secret: true,
  secretsIn: (list) => list.flatMap(({ secrets }) => secrets.map(webhookSecretBytes)),
  isLive: true,
};

export const webhookSettings = { webhooks } satisfies Settings;
