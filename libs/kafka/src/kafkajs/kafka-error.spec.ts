import type { KafkaJSProtocolError as ProtocolError } from 'kafkajs';
import { failureKind, kafkaErrorType, type FailureKind } from './kafka-error.ts';
import { copy } from './index.ts';

const { KafkaJSProtocolError } = copy.load('errors.js') as { KafkaJSProtocolError: new (e: Error) => ProtocolError };

const protocolError = (type: string): ProtocolError =>
  new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 1, retriable: false }));
const wrapped = (cause: Error): Error => new Error('retries exceeded', { cause: new Error('wrapped', { cause }) });

test.each<[string, Error, FailureKind]>([
  ['a fenced epoch', protocolError('INVALID_PRODUCER_EPOCH'), 'fenced'],
  ['a code that kafkajs does not know', new Error('Unknown error code 90'), 'fenced'],
  ['a record that is too large', protocolError('MESSAGE_TOO_LARGE'), 'refused'],
  ['the same, wrapped', wrapped(protocolError('MESSAGE_TOO_LARGE')), 'refused'],
  ['a right that is missing', wrapped(protocolError('TOPIC_AUTHORIZATION_FAILED')), 'denied'],
  ['a topic that is gone', protocolError('UNKNOWN_TOPIC_OR_PARTITION'), 'unknown-topic'],
  ['a leader that moved', protocolError('NOT_LEADER_FOR_PARTITION'), 'retryable'],
  ['a lost connection', new Error('Closed connection'), 'retryable'],
  // kafkajs throws these when a connection goes at a bad moment; no record is to blame.
  ['a TypeError inside kafkajs', new TypeError("Cannot read properties of undefined (reading 'nodeId')"), 'retryable'],
])('%s is told apart', (_name, error, kind) => {
  expect(failureKind(error)).toBe(kind);
});

test('the type is found in the chain of causes', () => {
  expect(kafkaErrorType(wrapped(protocolError('TOPIC_ALREADY_EXISTS')))).toBe('TOPIC_ALREADY_EXISTS');
  expect(kafkaErrorType('no error at all')).toBeUndefined();
});
