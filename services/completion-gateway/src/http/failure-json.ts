import { millis, type Failure } from '@ratchet/domain';
import { z } from 'zod';
import { present } from '../present.ts';
import { durationText } from './duration-text.ts';
import type { FailureJson } from './answers.ts';
import { listField, textField } from './field-schema.ts';
import { payloadsOf, payloadSchema, valueJson } from './payload-json.ts';

/** A failure of the activity's own, as whoever reports it says it. */
export const failureSchema = z
  .strictObject({
    message: textField('Failure.message').default(''),
    type: textField('ApplicationFailureInfo.type')
      .default('')
      .describe("Matched against the retry policy's nonRetryableErrorTypes."),
    nonRetryable: z.boolean().default(false),
    details: z.unknown().optional(),
    detailsPayloads: listField('Payloads.payloads', payloadSchema).optional(),
    stackTrace: textField('Failure.stackTrace').default(''),
    nextRetryDelay: durationText.optional(),
    category: z
      .enum(['unspecified', 'benign'])
      .optional()
      .describe('`benign`: expected, and not worth an alarm. It changes no decision.'),
  })
  .meta({ id: 'Failure' });

export const failureOf = (json: z.output<typeof failureSchema>): Failure => ({
  message: json.message,
  source: 'http',
  stackTrace: json.stackTrace,
  info: {
    type: 'application',
    errorType: json.type,
    nonRetryable: json.nonRetryable,
    details: payloadsOf(json.details, json.detailsPayloads),
    ...(json.nextRetryDelay === undefined ? {} : { nextRetryDelayMs: millis(json.nextRetryDelay) }),
    ...(json.category === undefined ? {} : { category: json.category }),
  },
});

/** So deep a chain of causes is shown; another SDK could send one without end. */
const causesMax = 20;

export function failureJson({ message, info, stackTrace, cause }: Failure, depth = 0): FailureJson {
  return {
    message,
    kind: info.type,
    ...kindJson(info),
    ...(stackTrace === '' ? {} : { stackTrace }),
    ...(cause === undefined || depth >= causesMax ? {} : { cause: failureJson(cause, depth + 1) }),
  };
}

function kindJson(info: Failure['info']): Partial<FailureJson> {
  switch (info.type) {
    case 'application':
      return {
        type: info.errorType,
        nonRetryable: info.nonRetryable,
        ...present({ category: info.category }),
        ...detailsJson(info.details),
      };
    case 'timeout':
      return { timeoutType: info.timeoutType, ...detailsJson(info.lastHeartbeatDetails) };
    case 'canceled':
      return { identity: info.identity, ...detailsJson(info.details) };
    case 'terminated':
      return { identity: info.identity };
    case 'server':
      return { nonRetryable: info.nonRetryable };
    case 'none':
      return {};
  }
}

const detailsJson = (details: Parameters<typeof valueJson>[0]): Partial<FailureJson> =>
  details.length === 0 ? {} : { details: valueJson(details) };
