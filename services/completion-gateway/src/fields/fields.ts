import { idBytesMax, isLongerThan, reasonBytesMax, utf8Length } from '@ratchet/domain';
import { traceFields } from '@ratchet/kafka';

/** What a field that comes from outside may be. Texts are well-formed Unicode, whatever else is said. */
export interface FieldRule {
  /** Of a text in UTF-8, or of bytes. */
  readonly bytesMax: number;
  /** What it must look like. */
  readonly shape?: RegExp;
  /** How the reference calls it; default: as it is named. */
  readonly called?: string;
  /** What the reference says of one that is wrong, all of it. */
  readonly words?: string;
  /** Whoever takes the request refuses what is longer, in the reference's words, which differ from call to call. */
  readonly byRules?: true;
}

/** Of a list the items, of a map the entries. */
export interface ListRule extends FieldRule {
  readonly countMax: number;
}

const mib = 1024 * 1024;

/** The longest message of gRPC. */
export const messageBytesMax = 4 * mib;

const text: FieldRule = { bytesMax: idBytesMax };
const ruled: FieldRule = { ...text, byRules: true };
/** Bounded by what carries it; how much of it is kept, and what follows from more, is a rule (semantics section 2.3). */
const content: FieldRule = { bytesMax: messageBytesMax, byRules: true };

/**
 * Every field that comes from outside, by any door, and what it may be. Of gRPC a text that has no row is `text`, and a list
 * or a map `list`.
 *
 * Fields of requests are named as on gRPC's wire and in JSON; those of a message within a request after its type
 * (`TaskQueue.name`); headers, claims and attributes as they are.
 */
export const fields = {
  text,
  list: { ...text, countMax: 1000 },

  // Ids and names.
  namespace: ruled,
  workflowId: ruled,
  runId: ruled,
  activityId: ruled,
  'ActivityType.name': { ...text, called: 'activityType' },
  'TaskQueue.name': { ...text, called: 'taskQueue' },
  signalName: ruled,
  requestId: ruled,
  identity: ruled,
  workerInstanceKey: text,
  taskToken: { bytesMax: 8 * 1024 },
  longPollToken: { bytesMax: 20_000 },
  nextPageToken: text,

  /** As text: '30s'. */
  duration: { bytesMax: 100 },

  // Words for people.
  reason: { bytesMax: reasonBytesMax, words: 'reason exceeds length limit' },
  description: ruled,
  'Failure.message': content,
  'Failure.stackTrace': content,
  'Failure.source': content,
  'ApplicationFailureInfo.type': content,
  'CanceledFailureInfo.identity': content,
  'TerminatedFailureInfo.identity': content,

  // Values.
  'Payload.data': content,
  'Payload.metadata': { ...content, countMax: 100 },
  'Payloads.payloads': { ...content, countMax: 1000 },
  'RetryPolicy.nonRetryableErrorTypes': { ...text, countMax: 100 },
  callbackUrls: { bytesMax: 2000, countMax: 10 },

  // Headers of HTTP, metadata of gRPC, headers of records.
  authorization: { bytesMax: 16 * 1024, shape: /^Bearer +[\w.~+/=-]+$/i },
  /** What each must look like stands in `traceFields`: what does not is passed over. */
  traceparent: { bytesMax: traceFields.traceparent.bytesMax },
  tracestate: { bytesMax: traceFields.tracestate.bytesMax },
  baggage: { bytesMax: traceFields.baggage.bytesMax },
  'client-name': text,
  'client-version': text,
  'idempotency-key': text,
  'webhook-id': { ...text, shape: /^./s },
  'webhook-timestamp': { bytesMax: 12, shape: /^\d+$/ },
  /** One of them: `v1,` and 32 bytes in base64. */
  'webhook-signature': { bytesMax: 1000, shape: /(?:^| )v1,[A-Za-z0-9+/]{43}=(?: |$)/ },

  // Claims of a token. OpenID Connect Core section 2: a subject has at most 255 characters.
  sub: { bytesMax: 255, shape: /^./s },
  permissions: { ...text, countMax: 1000 },

  // Attributes of a CloudEvent.
  'ce-id': text,
  'ce-source': text,
  'ce-tasktoken': { bytesMax: 11 * 1024 },
  'ce-namespace': text,
  'ce-activityid': text,
  'ce-workflowid': text,
  'ce-runid': text,
} satisfies Readonly<Record<string, FieldRule | ListRule>>;

export type FieldName = keyof typeof fields;

/** What is wrong with a text or with bytes, as the end of a sentence that begins with the field; nothing: they are right. */
export function wrongIn({ bytesMax, shape }: FieldRule, value: string | Uint8Array): string | undefined {
  if (typeof value !== 'string') return value.byteLength > bytesMax ? tooLong(value.byteLength, bytesMax) : undefined;
  if (isLongerThan(value, bytesMax)) return tooLong(utf8Length(value), bytesMax);
  if (!value.isWellFormed()) return 'must be well-formed Unicode';
  return shape === undefined || shape.test(value) ? undefined : 'is not of the expected form';
}

/** Whether a header, a claim or an attribute is what it may be. */
export const isRight = (name: FieldName, value: unknown): value is string =>
  typeof value === 'string' && wrongIn(fields[name], value) === undefined;

const tooLong = (length: number, limit: number): string =>
  `exceeds length limit. Length=${String(length)} Limit=${String(limit)}`;
