import type { SharedSettings } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import type { RecordMapping } from './record-mapping.ts';

export const sharedSettingsMapping: RecordMapping<SharedSettings, avro.SharedSettings> = {
  record: 'SharedSettings',
  toAvro: (settings) => settings,
  toDomain: ({ environment, partitions, tokenKeys }) => ({ environment, partitions, tokenKeys }),
};
