import type { Namespace } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import type { RecordMapping } from './record-mapping.ts';

export const namespaceMapping: RecordMapping<Namespace, avro.Namespace> = {
  record: 'Namespace',
  toAvro: ({ limits, ...namespace }) => ({ ...namespace, ...limits }),
  toDomain: ({ requestsPerSecondMax, name, id, description, retentionMs, registeredAt }) => ({
    name,
    id,
    description,
    retentionMs,
    registeredAt,
    limits: { requestsPerSecondMax },
  }),
};
