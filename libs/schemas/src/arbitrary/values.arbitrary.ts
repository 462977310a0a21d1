import type {
  ActivityOptions,
  ActivityOptionsRequest,
  AttemptReference,
  EpochMillis,
  ExecutionId,
  Failure,
  FailureInfo,
  Millis,
  Outcome,
  Payload,
  ForwardedFrom,
  RememberedId,
  ReplyAddress,
  RetryPolicy,
  RunId,
  TimerReference,
} from '@ratchet/domain';
import fc from 'fast-check';

export type Arbitrary<T> = fc.Arbitrary<T>;

type Always<T> = { readonly [K in keyof T]: Arbitrary<T[K]> };
type Sometimes<T> = { readonly [K in keyof T]-?: Arbitrary<NonNullable<T[K]>> };

/** Records with these properties. */
export const record = <T extends object>(always: Always<T>): Arbitrary<T> => partial<T, object>(always, {});

/** Records with these properties always, and those only sometimes: what is absent is no property at all. */
export const partial = <T extends object, O extends object>(
  always: Always<T>,
  sometimes: Sometimes<O>,
): Arbitrary<T & O> =>
  fc.record<Record<string, unknown>>(
    { ...always, ...sometimes },
    { requiredKeys: Object.keys(always), noNullPrototype: true },
  ) as Arbitrary<T & O>;

export const text = fc.string({ unit: 'grapheme', maxLength: 20 });
export const flag = fc.boolean();
export const count = fc.nat();
export const offset = fc.maxSafeNat().filter((value) => value < Number.MAX_SAFE_INTEGER);
export const instant = offset as Arbitrary<EpochMillis>;
export const duration = offset as Arbitrary<Millis>;
export const anyInteger = fc.integer();
export const bytes = fc.uint8Array({ maxLength: 40 }).map((value): Uint8Array => Buffer.from(value));
export const key = text.filter((value) => value !== '__proto__');
export const someText = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
export const texts = fc.array(text, { maxLength: 4 });
export const remembered = record<RememberedId>({ id: text, until: instant });
/** Of a list that is absent when it is empty. */
export const someTexts = fc.array(text, { minLength: 1, maxLength: 3 });
export const dictionary = <T>(values: Arbitrary<T>): Arbitrary<Readonly<Record<string, T>>> =>
  fc.dictionary(key, values, { maxKeys: 3, noNullPrototype: true });
export const constant = <const T>(value: T): Arbitrary<T> => fc.constant(value);
export const oneOf = <const T extends readonly string[]>(...values: T): Arbitrary<T[number]> =>
  fc.constantFrom(...values);

export const payload = record<Payload>({ metadata: dictionary(bytes), data: bytes });
export const payloads = fc.array(payload, { maxLength: 3 });
export const header = dictionary(payload);
export const id = record<ExecutionId>({ namespace: text, workflowId: text, runId: text, activityId: text });
export const run = record<RunId>({ namespace: text, workflowId: text, runId: text });
export const replyTo = record<ReplyAddress>({ partition: count, address: text });
export const forwardedFrom = partial<ForwardedFrom, Pick<ForwardedFrom, 'proof'>>(
  { offset, index: count, appendedAt: instant },
  { proof: bytes },
);
export const attemptFields = { scheduleOffset: offset, attempt: count, stamp: count };
export const timer = record<TimerReference>(attemptFields);
type TokenReference = Extract<AttemptReference, { by: 'token' }>;
export const attempt: Arbitrary<AttemptReference> = fc.oneof(
  record<{ by: 'id' }>({ by: constant('id') }),
  partial<TokenReference, Pick<TokenReference, 'proof'>>({ by: constant('token'), ...attemptFields }, { proof: bytes }),
);

export const closedStatus = oneOf('completed', 'failed', 'canceled', 'terminated', 'timed-out');
export const runCloseStatus = oneOf('completed', 'failed', 'canceled', 'terminated', 'timed-out', 'continued-as-new');
export const timeoutType = oneOf('start-to-close', 'schedule-to-start', 'schedule-to-close', 'heartbeat');
export const retryState = oneOf(
  'unspecified',
  'in-progress',
  'non-retryable-failure',
  'timeout',
  'maximum-attempts-reached',
  'retry-policy-not-set',
  'internal-server-error',
  'cancel-requested',
);

export const info: Arbitrary<FailureInfo> = fc.oneof(
  record({ type: constant('none') }),
  partial(
    { type: constant('application'), errorType: text, nonRetryable: flag, details: payloads },
    { nextRetryDelayMs: duration, category: oneOf('unspecified', 'benign') },
  ),
  record({ type: constant('timeout'), timeoutType, lastHeartbeatDetails: payloads }),
  record({ type: constant('canceled'), details: payloads, identity: text }),
  record({ type: constant('terminated'), identity: text }),
  record({ type: constant('server'), nonRetryable: flag }),
);
export const failure = fc.letrec<{ failure: Failure }>((tie) => ({
  failure: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    record<Failure>({ message: text, source: text, stackTrace: text, info }),
    partial<Failure, Pick<Failure, 'encodedAttributes' | 'cause'>>(
      { message: text, source: text, stackTrace: text, info },
      { encodedAttributes: payload, cause: tie('failure') },
    ),
  ),
})).failure;
export const outcome: Arbitrary<Outcome> = fc.oneof(
  record({ type: constant('success'), result: payloads }),
  record({ type: constant('failure'), failure, retryState }),
);

export const retryPolicy = record<RetryPolicy>({
  initialIntervalMs: duration,
  backoffCoefficient: fc.double(),
  intervalMsMax: duration,
  attemptsMax: count,
  nonRetryableErrorTypes: texts,
});
export const options = record<ActivityOptions>({
  taskQueue: text,
  scheduleToCloseTimeoutMs: duration,
  scheduleToStartTimeoutMs: duration,
  startToCloseTimeoutMs: duration,
  heartbeatTimeoutMs: duration,
  startDelayMs: duration,
  retryPolicy,
  priorityKey: count,
  fairnessKey: text,
  fairnessWeight: fc.double(),
});
export const optionalOptions = {
  scheduleToCloseTimeoutMs: anyInteger,
  scheduleToStartTimeoutMs: anyInteger,
  startToCloseTimeoutMs: anyInteger,
  heartbeatTimeoutMs: anyInteger,
  startDelayMs: anyInteger,
  priorityKey: anyInteger,
  fairnessKey: text,
  fairnessWeight: fc.double(),
  retryPolicy: partial<object, NonNullable<ActivityOptionsRequest['retryPolicy']>>(
    {},
    {
      initialIntervalMs: anyInteger,
      backoffCoefficient: fc.double(),
      intervalMsMax: anyInteger,
      attemptsMax: anyInteger,
      nonRetryableErrorTypes: texts,
    },
  ),
};
