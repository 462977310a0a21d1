import type { CallbackRequest } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { outcomeToAvro, outcomeToDomain } from './outcome.mapping.ts';
import type { RecordMapping } from './record-mapping.ts';
import { setPresent } from './set-present.ts';

export const callbackRequestMapping: RecordMapping<CallbackRequest, avro.CallbackRequest> = {
  record: 'CallbackRequest',

  toAvro: ({ outcome, notBefore = null, ...request }) => ({ ...request, outcome: outcomeToAvro(outcome), notBefore }),

  toDomain: ({ id, url, activityType, status, outcome, closedAt, closedOffset, failedCount, notBefore }) => {
    const request: CallbackRequest = {
      id,
      url,
      activityType,
      status,
      outcome: outcomeToDomain(outcome),
      closedAt,
      closedOffset,
      failedCount,
    };
    setPresent(request, 'notBefore', notBefore);
    return request;
  },
};
