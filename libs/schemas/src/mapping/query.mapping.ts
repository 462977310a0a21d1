import type { Query } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import type { RecordMapping } from './record-mapping.ts';

/** The same on both sides. */
export const queryMapping: RecordMapping<Query, avro.ActivityQuery> = {
  record: 'ActivityQuery',
  toAvro: (query) => query,
  toDomain: (query) => query,
};
