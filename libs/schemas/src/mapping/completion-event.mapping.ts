import type { CompletionEvent } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { failureToAvro, failureToDomain } from './failure.mapping.ts';
import type { RecordMapping } from './record-mapping.ts';
import { setPresent } from './set-present.ts';

type Body = CompletionEvent['body'];

export const completionEventMapping: RecordMapping<CompletionEvent, avro.CompletionEvent> = {
  record: 'CompletionEvent',

  toAvro: ({ eventId, source, taskToken = null, target = null, body }) => ({
    eventId,
    source,
    taskToken,
    target,
    body: bodyToAvro(body),
  }),

  toDomain: ({ eventId, source, taskToken, target, body }) => {
    const event: CompletionEvent = { eventId, source, body: bodyToDomain(body) };
    setPresent(event, 'taskToken', taskToken);
    setPresent(event, 'target', target);
    return event;
  },
};

function bodyToAvro(body: Body): avro.CompletionEvent['body'] {
  switch (body.type) {
    case 'Completed':
      return { 'ratchet.v1.Completed': body };
    case 'Failed':
      return { 'ratchet.v1.Failed': { failure: failureToAvro(body.failure) } };
    case 'Canceled':
      return { 'ratchet.v1.Canceled': body };
    case 'Heartbeat':
      return { 'ratchet.v1.Heartbeat': body };
  }
}

function bodyToDomain(body: avro.CompletionEvent['body']): Body {
  if ('ratchet.v1.Completed' in body) return { type: 'Completed', ...body['ratchet.v1.Completed'] };
  if ('ratchet.v1.Failed' in body)
    return { type: 'Failed', failure: failureToDomain(body['ratchet.v1.Failed'].failure) };
  if ('ratchet.v1.Canceled' in body) return { type: 'Canceled', ...body['ratchet.v1.Canceled'] };
  if ('ratchet.v1.Heartbeat' in body) return { type: 'Heartbeat', ...body['ratchet.v1.Heartbeat'] };
  throw new UnreadableRecordError('this version does not know this kind of completion event');
}
