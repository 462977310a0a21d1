import { schemas } from './generated/schemas.ts';
import { topicTable } from './generated/topic-table.ts';

/** The records that topics carry. */
export type RecordName = keyof typeof schemas;

export type Compatibility = 'BACKWARD_TRANSITIVE' | 'FULL_TRANSITIVE';

/** One line of history in the registry. */
export interface Subject {
  readonly record: RecordName;
  readonly name: string;
  readonly schema: string;
  readonly compatibility: Compatibility;
}

interface TopicEntry {
  readonly values: readonly RecordName[];
  readonly compatibility: Compatibility;
}

// A topic of one record has the subject that every tool expects. Those of the state carry several that grow apart:
// Confluent's TopicRecordNameStrategy, so that each is compared with its own former self and its id tells which it is.
const ofTopic = (topic: string, { values, compatibility }: TopicEntry): readonly Subject[] =>
  values.map((record) => ({
    record,
    name: values.length === 1 ? `${topic}-value` : `${topic}-ratchet.v1.${record}`,
    schema: schemas[record],
    compatibility,
  }));

const { topics, taskTopics } = topicTable;

/** Every subject that Ratchet registers. All task topics share one. */
export const subjects: readonly Subject[] = [
  ...Object.values(topics).flatMap((topic) => ofTopic(topic.name, topic)),
  ...taskTopics.values.map((record) => ({
    record,
    name: taskTopics.subject,
    schema: schemas[record],
    compatibility: taskTopics.compatibility,
  })),
];
