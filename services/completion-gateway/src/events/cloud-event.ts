import type { CompletionEvent, ExecutionId, Failure, Payloads } from '@ratchet/domain';
import { PoisonousRecordError, type InputRecord } from '@ratchet/kafka';
import { encodingKey, encodings } from '@ratchet/protocol';
import { CloudEvent, Kafka } from 'cloudevents';
import { z } from 'zod';
import type { FieldName } from '../fields/fields.ts';
import { failureOf, failureSchema } from '../http/failure-json.ts';
import { textField } from '../http/field-schema.ts';
import { readJson, readSenderJson, JsonText } from '../http/json-text.ts';
import { base64Text, payloadsOfTexts } from '../http/payload-json.ts';

/**
 * A completion event as a CloudEvent 1.0, in Kafka's binary mode (`ce_*` headers, the record's value is the data) or in
 * structured mode (`content-type: application/cloudevents+json`).
 *
 * | attribute | |
 * | --- | --- |
 * | `type` | `ratchet.activity.completed`, `.failed`, `.canceled` or `.heartbeat` |
 * | `source`, `id` | together they name the event: a repetition counts once |
 * | `tasktoken` | the attempt, in base64; or else: |
 * | `namespace`, `activityid`, and where needed `workflowid`, `runid` | the activity; without a run id the latest |
 *
 * The data is the result or the details themselves: JSON becomes a `json/plain` payload, any other content type a
 * `binary/plain` one, nothing at all none. Of a failure it is JSON `{message, type, nonRetryable, ...}`, as over HTTP.
 */
export function readCloudEvent(record: InputRecord): CompletionEvent {
  const { attributes, data } = contentTypeOf(record).startsWith(structured)
    ? structuredEvent(record)
    : binaryEvent(record);
  const { id: eventId, source, type, tasktoken, ...names } = parse(attributesSchema, attributes, 'its attributes');
  const event = { eventId, source, body: bodyOf(type, data) };
  if (tasktoken !== undefined) return { ...event, taskToken: Buffer.from(tasktoken, 'base64') };
  const target = targetOf(names);
  if (target === undefined) throw unreadable('it has neither tasktoken nor namespace and activityid');
  return { ...event, target };
}

const structured = 'application/cloudevents';

/** Whether a record says that it is a CloudEvent. */
export const isCloudEvent = (record: InputRecord): boolean =>
  record.headers['ce_specversion'] !== undefined || contentTypeOf(record).startsWith(structured);

const contentTypeOf = ({ headers }: InputRecord): string => String(headers['content-type'] ?? '').toLowerCase();

const some = (name: FieldName): z.ZodString => textField(name).min(1);
const attributesSchema = z.object({
  specversion: z.literal('1.0'),
  id: some('ce-id'),
  source: some('ce-source'),
  type: z.enum([
    'ratchet.activity.completed',
    'ratchet.activity.failed',
    'ratchet.activity.canceled',
    'ratchet.activity.heartbeat',
  ]),
  tasktoken: some('ce-tasktoken').optional(),
  namespace: some('ce-namespace').optional(),
  activityid: some('ce-activityid').optional(),
  workflowid: textField('ce-workflowid').default(''),
  runid: textField('ce-runid').default(''),
});
type EventType = z.output<typeof attributesSchema>['type'];

interface EventData {
  readonly bytes: Uint8Array;
  readonly isJson: boolean;
}
interface ReadEvent {
  readonly attributes: unknown;
  readonly data: EventData;
}

function binaryEvent(record: InputRecord): ReadEvent {
  const { key, value, headers } = record;
  const texts = Object.fromEntries(
    Object.entries(headers).map(([header, text]) => [header.toLowerCase(), String(text)]),
  );
  const bytes = value ?? Buffer.alloc(0);
  // The data is taken as it is: the library would read it, and numbers would change on the way.
  const attributes = checked(() =>
    Kafka.toEvent({ headers: texts, key: key ?? undefined, value: '{}', body: '{}' } as KafkaRecord),
  );
  return { attributes, data: { bytes, isJson: isJsonType(contentTypeOf(record)) } };
}

type KafkaRecord = Parameters<typeof Kafka.toEvent>[0];

function structuredEvent(record: InputRecord): ReadEvent {
  const contentType = contentTypeOf(record);
  if (!contentType.startsWith('application/cloudevents+json')) {
    throw unreadable(`it is of content type ${contentType}, where application/cloudevents+json belongs`);
  }
  const event = jsonOf(() => readSenderJson(record.value ?? Buffer.alloc(0), [['data']]));
  const { data, data_base64: base64, ...attributes } = parse(structuredSchema, event, 'its value');
  const { datacontenttype } = attributes;
  const isJson = isJsonType(typeof datacontenttype === 'string' ? datacontenttype.toLowerCase() : '');
  const bytes = base64 === undefined ? bytesOf(data, isJson) : Buffer.from(base64, 'base64');
  return { attributes: checked(() => new CloudEvent(attributes)), data: { bytes, isJson } };
}

const structuredSchema = z.looseObject({ data: z.instanceof(JsonText).optional(), data_base64: base64Text.optional() });

/** What is no JSON stands in a JSON event as a string. */
function bytesOf(data: JsonText | undefined, isJson: boolean): Uint8Array {
  const value = isJson ? undefined : data?.value;
  return typeof value === 'string' ? Buffer.from(value) : (data?.bytes ?? Buffer.alloc(0));
}

/** CloudEvents: without a content type it is JSON. */
const isJsonType = (contentType: string): boolean => contentType === '' || /^[^;]*[/+]json\b/.test(contentType);

function checked<T>(read: () => T | T[]): T {
  try {
    const event = read();
    if (Array.isArray(event)) throw unreadable('it is a batch');
    if (event instanceof CloudEvent) event.validate();
    return event;
  } catch (cause) {
    if (cause instanceof PoisonousRecordError) throw cause;
    throw unreadable(`it is no CloudEvent 1.0: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

function bodyOf(type: EventType, data: EventData): CompletionEvent['body'] {
  switch (type) {
    case 'ratchet.activity.completed':
      return { type: 'Completed', result: payloadsIn(data) };
    case 'ratchet.activity.failed':
      return { type: 'Failed', failure: failureIn(data) };
    case 'ratchet.activity.canceled':
      return { type: 'Canceled', details: payloadsIn(data) };
    case 'ratchet.activity.heartbeat':
      return { type: 'Heartbeat', details: payloadsIn(data) };
  }
}

/** The bytes themselves, once they are seen to be what they are said to be. */
function payloadsIn({ bytes, isJson }: EventData): Payloads {
  if (bytes.byteLength === 0) return [];
  // A copy: the record's bytes are a view into everything that was fetched with it.
  const data = Buffer.from(bytes);
  if (isJson) return payloadsOfTexts([jsonOf(() => readJson(data))]);
  return [{ metadata: { [encodingKey]: Buffer.from(encodings.raw) }, data }];
}

const failureIn = ({ bytes }: EventData): Failure => ({
  ...failureOf(
    parse(
      failureSchema,
      bytes.byteLength === 0 ? {} : jsonOf(() => readSenderJson(bytes, [['details']])),
      'its failure',
    ),
  ),
  source: 'cloudevents',
});

interface Names {
  readonly namespace?: string | undefined;
  readonly activityid?: string | undefined;
  readonly workflowid: string;
  readonly runid: string;
}

const targetOf = ({
  namespace,
  activityid: activityId,
  workflowid: workflowId,
  runid: runId,
}: Names): ExecutionId | undefined =>
  namespace === undefined || activityId === undefined ? undefined : { namespace, activityId, workflowId, runId };

function jsonOf<T>(read: () => T): T {
  try {
    return read();
  } catch (cause) {
    throw unreadable(
      `its data is not JSON that is taken: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    );
  }
}

function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues = parsed.error.issues.slice(0, 5).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw unreadable(`${what} are wrong: ${issues.join('; ')}`);
}

const unreadable = (reason: string, cause?: unknown): PoisonousRecordError =>
  new PoisonousRecordError(`Expected to read a completion event, but ${reason}`, { cause });
