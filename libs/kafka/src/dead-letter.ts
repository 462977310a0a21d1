import { recordBytes, recordBytesMax, type InputRecord, type OutputRecord } from './record.ts';

/** Where a topic's dead letters go. */
export const deadLetterTopic = (topic: string): string => `${topic}.dlq`;

export const isDeadLetterTopic = (topic: string): boolean => topic.endsWith('.dlq');

/** The header that says from where a dead letter is: with the prefix once it is written. */
export const deadLetterTopicHeader = 'ratchet-dlq-topic';
/** The header that says in which partition it stood. */
export const deadLetterPartitionHeader = 'ratchet-dlq-partition';

/**
 * A record that cannot be handled, for the dead-letter topic: its bytes, key and headers as they were, and in further
 * headers why (`ratchet-dlq-reason`), from where (`-topic`, `-partition`, `-offset`) and since when (`-at`, ISO 8601).
 *
 * Of a record so large that these find no room beside it only the beginning of key and value is kept, and
 * `ratchet-dlq-value-bytes` says how long the value was: the whole stands at its place as long as its topic keeps it.
 */
export function deadLetter(record: InputRecord, reason: string, topic = deadLetterTopic(record.topic)): OutputRecord {
  const { key, rawKey, value } = record;
  const ours = {
    ...reasonHeaders(reason),
    [deadLetterTopicHeader]: record.topic,
    [deadLetterPartitionHeader]: String(record.partition),
    'ratchet-dlq-offset': String(record.offset),
  };
  const raw = rawKey === undefined ? {} : { rawKey };
  const whole = { topic, key, ...raw, value, headers: { ...record.headers, ...ours } };
  if (recordBytes(whole) <= recordBytesMax) return whole;
  const beginning = rawKey === undefined ? {} : { rawKey: rawKey.subarray(0, partBytesMax) };
  const headers = { ...ours, 'ratchet-dlq-value-bytes': String(value?.length ?? 0) };
  return { topic, key, ...beginning, value: value?.subarray(0, partBytesMax) ?? null, headers };
}

/** Whether a record is one already. Headers alone do not tell: whoever writes a dead letter again to its former topic may leave them. */
export const isDeadLetter = ({ topic, headers }: Pick<OutputRecord, 'topic' | 'headers'>): boolean =>
  headers?.['ratchet-dlq-reason'] !== undefined && isDeadLetterTopic(topic);

/** What of a key or value that is too large for its topic still fits into a dead letter. */
const partBytesMax = 512 * 1024;

/**
 * A record of ours that no broker takes. A value that is too large is cut, and `ratchet-dlq-value-bytes` says what it was; one
 * that is no bytes is left out.
 */
export function deadLetterOfEffect(record: OutputRecord, reason: string, topic: string): OutputRecord {
  const { key, value } = record;
  const bytes = Buffer.isBuffer(value) ? value : null;
  return {
    topic,
    key,
    value: bytes?.subarray(0, partBytesMax) ?? null,
    headers: {
      ...record.headers,
      ...reasonHeaders(reason),
      [deadLetterTopicHeader]: record.topic,
      ...(record.partition === undefined ? {} : { [deadLetterPartitionHeader]: String(record.partition) }),
      'ratchet-dlq-value-bytes': String(bytes?.length ?? 0),
    },
  };
}

/** Headers are for reading; a reason that quotes a whole input would make the record larger than a batch. */
const reasonCharactersMax = 4000;

const reasonHeaders = (reason: string): Record<string, string> => ({
  'ratchet-dlq-reason': reason.slice(0, reasonCharactersMax),
  'ratchet-dlq-at': new Date().toISOString(),
});
