/** The kind of answer that a failed request got, as far as it decides what to do next. */
export type FailureKind =
  /** Try again, with the same records. */
  | 'retryable'
  /** A topic is not there, or not known yet. */
  | 'unknown-topic'
  /** Another owner of this transactional id has come. */
  | 'fenced'
  /** The brokers do not let this user do it: somebody must grant the right. */
  | 'denied'
  /** The records themselves are refused; the same request can never succeed. */
  | 'refused';

/** Not among kafkajs's codes: it reports it as unknown. */
const producerFencedCode = 'error code 90';

const fencedTypes = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'TRANSACTION_COORDINATOR_FENCED']);

const refusedTypes = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'INVALID_TOPIC_EXCEPTION',
  'CORRUPT_MESSAGE',
  'UNSUPPORTED_FOR_MESSAGE_FORMAT',
  'POLICY_VIOLATION',
]);

const deniedTypes = new Set([
  'TOPIC_AUTHORIZATION_FAILED',
  'GROUP_AUTHORIZATION_FAILED',
  'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
  'CLUSTER_AUTHORIZATION_FAILED',
]);

/** The Kafka protocol's name of the error, wherever in the chain of causes kafkajs has put it. */
export function kafkaErrorType(error: unknown): string | undefined {
  for (const cause of causesOf(error)) {
    if ('type' in cause && typeof cause.type === 'string') return cause.type;
  }
  return undefined;
}

export function failureKind(error: unknown): FailureKind {
  for (const cause of causesOf(error)) {
    if (cause.message.includes(producerFencedCode)) return 'fenced';
    const type = 'type' in cause && typeof cause.type === 'string' ? cause.type : '';
    if (fencedTypes.has(type)) return 'fenced';
    if (type === 'UNKNOWN_TOPIC_OR_PARTITION' || cause.name === 'KafkaJSMetadataNotLoaded') return 'unknown-topic';
    if (deniedTypes.has(type)) return 'denied';
    if (refusedTypes.has(type)) return 'refused';
  }
  return 'retryable';
}

/** Everything thrown comes to the same shape; kafkajs wraps its errors up to three deep. */
export const asError = (thrown: unknown): Error => (thrown instanceof Error ? thrown : new Error(String(thrown)));

/** The error, and what caused it, at most eight deep. */
export function* causesOf(error: unknown): Generator<Error> {
  for (let cause = error, depth = 0; cause instanceof Error && depth < 8; cause = cause.cause, depth++) yield cause;
}
