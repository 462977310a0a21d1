import type { ActivityTask } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import type { RecordMapping } from './record-mapping.ts';

/** The same on both sides. */
export const taskMapping: RecordMapping<ActivityTask, avro.ActivityTask> = {
  record: 'ActivityTask',
  toAvro: (task) => task,
  toDomain: (task) => task,
};
