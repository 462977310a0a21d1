import type { InputRecord } from '@ratchet/kafka';
import { CloudEvent, Kafka } from 'cloudevents';
import fc from 'fast-check';
import { isCloudEvent, readCloudEvent } from './cloud-event.ts';

const record = (headers: InputRecord['headers'], value: Buffer | null): InputRecord => ({
  topic: 't',
  partition: 0,
  offset: 0,
  key: 'k',
  value,
  headers,
  timestampMs: 0,
});
const attributes = { id: 'e1', source: '/billing', type: 'ratchet.activity.completed', tasktoken: 'AQID' };

const binary = (
  { id, source, type, ...others }: Readonly<Record<string, string>>,
  value: string | Buffer | null,
  contentType?: string,
): InputRecord => {
  const extensions = Object.entries(others).map(([key, text]) => [`ce_${key}`, Buffer.from(text)]);
  return record(
    {
      ce_specversion: Buffer.from('1.0'),
      ...(id === undefined ? {} : { ce_id: Buffer.from(id) }),
      ...(source === undefined ? {} : { ce_source: Buffer.from(source) }),
      ...(type === undefined ? {} : { ce_type: Buffer.from(type) }),
      ...(contentType === undefined ? {} : { 'content-type': Buffer.from(contentType) }),
      ...(Object.fromEntries(extensions) as Record<string, Buffer>),
    },
    typeof value === 'string' ? Buffer.from(value) : value,
  );
};
const structured = (event: object | string): InputRecord =>
  record(
    { 'content-type': 'application/cloudevents+json; charset=utf-8' },
    Buffer.from(typeof event === 'string' ? event : JSON.stringify(event)),
  );
const payload = (encoding: string, data: string | Buffer) => ({
  metadata: { encoding: Buffer.from(encoding) },
  data: Buffer.from(data),
});

const expected = { eventId: 'e1', source: '/billing', taskToken: Buffer.from([1, 2, 3]) };

test.each<[string, InputRecord]>([
  ['binary mode', binary(attributes, '{"paid": 12345678901234567890}', 'application/json')],
  ['binary mode without a content type', binary(attributes, '{"paid": 12345678901234567890}')],
])('%s: JSON stays what it is, to the byte', (_, event) => {
  expect(isCloudEvent(event)).toBe(true);
  expect(readCloudEvent(event)).toEqual({
    ...expected,
    body: { type: 'Completed', result: [payload('json/plain', '{"paid": 12345678901234567890}')] },
  });
});

test('binary mode: other content', () => {
  const { body } = readCloudEvent(binary(attributes, Buffer.from([0, 255]), 'application/x-protobuf'));
  expect(body).toEqual({ type: 'Completed', result: [payload('binary/plain', Buffer.from([0, 255]))] });
});

test.each([
  ['heartbeat', 'Heartbeat'],
  ['canceled', 'Canceled'],
])('%s without details', (type, bodyType) => {
  const event = binary({ ...attributes, type: `ratchet.activity.${type}` }, null);
  expect(readCloudEvent(event).body).toEqual({ type: bodyType, details: [] });
});

test('structured mode, by ids, as the library writes it', () => {
  const event = new CloudEvent({
    id: 'e1',
    source: '/billing',
    type: 'ratchet.activity.failed',
    namespace: 'orders',
    activityid: 'charge-1',
    datacontenttype: 'application/json',
    data: { message: 'declined', type: 'Declined', nonRetryable: true },
  });
  const { headers, body } = Kafka.structured(event);
  const read = readCloudEvent(record(headers as Record<string, string>, Buffer.from(String(body))));
  expect(read).toMatchObject({
    eventId: 'e1',
    target: { namespace: 'orders', workflowId: '', runId: '', activityId: 'charge-1' },
    body: { type: 'Failed', failure: { message: 'declined', info: { errorType: 'Declined', nonRetryable: true } } },
  });
});

test.each([
  [{ data: { a: 1 } }, payload('json/plain', '{"a":1}')],
  [{ data: 'text', datacontenttype: 'text/plain' }, payload('binary/plain', 'text')],
  [{ data: 'text' }, payload('json/plain', '"text"')],
  [{ data: null }, payload('json/plain', 'null')],
  [{ data_base64: 'AP8=', datacontenttype: 'image/png' }, payload('binary/plain', Buffer.from([0, 255]))],
])('structured mode, without a time: %j', (data, result) => {
  const { body } = readCloudEvent(structured({ specversion: '1.0', ...attributes, ...data }));
  expect(body).toEqual({ type: 'Completed', result: [result] });
});

test.each<[string, InputRecord, RegExp]>([
  ['without an id', binary({ source: 's', type: attributes.type }, '1'), /no CloudEvent|attributes are wrong/],
  ['of another version', record({ ...binary(attributes, '1').headers, ce_specversion: '0.3' }, null), /specversion/],
  ['of an unknown type', binary({ ...attributes, type: 'com.example.paid' }, '1'), /attributes are wrong: type/],
  ['that names nothing', binary({ id: 'e', source: 's', type: attributes.type, namespace: 'n' }, '1'), /neither/],
  ['whose data is not JSON', binary(attributes, '{'), /not JSON/],
  ['whose data is not UTF-8', binary(attributes, Buffer.from([0xff])), /not JSON/],
  ['whose failure is wrong', binary({ ...attributes, type: 'ratchet.activity.failed' }, '{"message": 1}'), /message/],
  ['that is not JSON', structured('{'), /not JSON/],
  ['that is a list', structured([]), /its value are wrong|no CloudEvent/],
  ['in a batch', record({ 'content-type': 'application/cloudevents-batch+json' }, Buffer.from('[]')), /content type/],
  ['whose time is nonsense', structured({ specversion: '1.0', ...attributes, time: 'soon' }), /no CloudEvent/],
])('an event %s is refused with the reason', (_, event, reason) => {
  expect(() => readCloudEvent(event)).toThrow(reason);
});

test('whatever it is, it is read or refused as unreadable', () => {
  const text = fc.oneof(fc.string(), fc.json(), fc.constantFrom(...Object.values(attributes)));
  const headers = fc.dictionary(
    fc.constantFrom(
      'ce_specversion',
      'ce_id',
      'ce_source',
      'ce_type',
      'ce_time',
      'ce_tasktoken',
      'ce_namespace',
      'content-type',
    ),
    fc.oneof(text, fc.constantFrom('1.0', 'application/cloudevents+json')),
  );
  fc.assert(
    fc.property(headers, fc.option(text), (given, value) => {
      try {
        readCloudEvent(record(given, value === null ? null : Buffer.from(value)));
      } catch (error) {
        expect(error).toMatchObject({ name: 'PoisonousRecordError' });
      }
    }),
    { numRuns: 500 },
  );
});
