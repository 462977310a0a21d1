import type { CancellationRecord } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import type { RecordMapping } from './record-mapping.ts';
import { setPresent } from './set-present.ts';

type RequestOf<T extends 'CancelActivity' | 'CancelRun'> = Extract<CancellationRecord, { readonly type: T }>;

export const cancellationMapping: RecordMapping<CancellationRecord, avro.CancellationRecord> = {
  record: 'CancellationRecord',

  toAvro: (record) => {
    switch (record.type) {
      case 'CancelActivity':
        return { body: { 'ratchet.v1.CancelActivity': record } };
      case 'CancelRun':
        return { body: { 'ratchet.v1.CancelRun': record } };
      case 'FanOut':
        return { body: { 'ratchet.v1.FanOut': record } };
      case 'NotifyWorker':
        return { body: { 'ratchet.v1.NotifyWorker': record } };
      case 'NoticeSettled':
        return { body: { 'ratchet.v1.NoticeSettled': record } };
    }
  },

  toDomain: ({ body }) => {
    if ('ratchet.v1.CancelActivity' in body) {
      const { replyTo, ...rest } = body['ratchet.v1.CancelActivity'];
      const request: RequestOf<'CancelActivity'> = { type: 'CancelActivity', ...rest };
      setPresent(request, 'replyTo', replyTo);
      return request;
    }
    if ('ratchet.v1.CancelRun' in body) {
      const { replyTo, ...rest } = body['ratchet.v1.CancelRun'];
      const request: RequestOf<'CancelRun'> = { type: 'CancelRun', ...rest };
      setPresent(request, 'replyTo', replyTo);
      return request;
    }
    if ('ratchet.v1.FanOut' in body) return { type: 'FanOut', ...body['ratchet.v1.FanOut'] };
    if ('ratchet.v1.NotifyWorker' in body) return { type: 'NotifyWorker', ...body['ratchet.v1.NotifyWorker'] };
    if ('ratchet.v1.NoticeSettled' in body) return { type: 'NoticeSettled', ...body['ratchet.v1.NoticeSettled'] };
    throw new UnreadableRecordError('this version does not know this step of the cancellation protocol');
  },
};
