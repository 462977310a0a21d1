import type { InputRecord, OutputRecord } from './record.ts';

/** Where a topic's dead letters go. */
export const deadLetterTopic = (topic: string): string => `${topic}.dlq`;

export const isDeadLetterTopic = (topic: string): boolean => topic.endsWith('.dlq');

/** The header that says from where a dead letter is: with the prefix once it is written. */
export const deadLetterTopicHeader = 'ratchet-dlq-topic';

/**
 * A record that cannot be handled, for the dead-letter topic: its bytes, key and headers as they were, and in further
 * headers why (`ratchet-dlq-reason`), from where (`-topic`, `-partition`, `-offset`) and since when (`-at`, ISO 8601).
 */
export function deadLetter(record: InputRecord, reason: string, topic = deadLetterTopic(record.topic)): OutputRecord {
  return {
    topic,
    key: record.key,
    ...(record.rawKey === undefined ? {} : { rawKey: record.rawKey }),
    value: record.value,
    headers: {
      ...record.headers,
      ...reasonHeaders(reason),
      [deadLetterTopicHeader]: record.topic,
      'ratchet-dlq-partition': String(record.partition),
      'ratchet-dlq-offset': String(record.offset),
    },
  };
}

/** Whether a record is one already. */
export const isDeadLetter = ({ headers }: Pick<OutputRecord, 'headers'>): boolean =>
  headers?.['ratchet-dlq-reason'] !== undefined;

/** What of a record that is too large for its topic still fits into a dead letter. */
const valueBytesMax = 512 * 1024;

/** A record of ours that no broker takes. A value that is too large is cut, and `ratchet-dlq-value-bytes` says what it was. */
export function deadLetterOfEffect(record: OutputRecord, reason: string, topic: string): OutputRecord {
  const { key, value } = record;
  const valueBytes = value?.length ?? 0;
  return {
    topic,
    key,
    value: value === null || valueBytes <= valueBytesMax ? value : value.subarray(0, valueBytesMax),
    headers: {
      ...record.headers,
      ...reasonHeaders(reason),
      [deadLetterTopicHeader]: record.topic,
      ...(record.partition === undefined ? {} : { 'ratchet-dlq-partition': String(record.partition) }),
      'ratchet-dlq-value-bytes': String(valueBytes),
    },
  };
}

/** Headers are for reading; a reason that quotes a whole input would make the record larger than a batch. */
const reasonCharactersMax = 4000;

const reasonHeaders = (reason: string): Record<string, string> => ({
  'ratchet-dlq-reason': reason.slice(0, reasonCharactersMax),
  'ratchet-dlq-at': new Date().toISOString(),
});
