import type { SentRecord, InputRecord, OutputRecord } from '../record.ts';
import { readTrace, traceHeaders, type TraceContext } from './trace-context.ts';

export type SpanAttributes = Readonly<Record<string, string | number | boolean>>;

export type SpanKind = 'producer' | 'consumer' | 'client' | 'server' | 'internal';

export interface SpanPlan {
  readonly name: string;
  readonly kind: SpanKind;
  readonly attributes: SpanAttributes;
  /** What it is about; see `OutputRecord.about`. */
  readonly about?: object | undefined;
  readonly links?: readonly TraceContext[];
  /** Epoch milliseconds; absent: now. */
  readonly startedAt?: number;
}

/** A span that somebody collects. */
export interface Span {
  /** What follows from it goes on with this. */
  readonly trace: TraceContext;
  set(attributes: SpanAttributes): void;
  /** Once. @param error of what did not succeed. */
  end(error?: unknown): void;
  /** Runs `work` as a part of it. */
  within<T>(work: () => T): T;
}

/** Makes spans. Where nobody collects them it makes none, and costs nothing. */
export interface Tracing {
  /** Whether somebody collects spans: asked for each record. */
  readonly isOn: boolean;
  /**
   * @param parent absent: the span begins a trace, if its sampler wants it.
   * @returns `undefined` where nobody collects, and in a trace that whoever began it did not want: it goes on as it is.
   */
  begin(plan: SpanPlan, parent: TraceContext | undefined): Span | undefined;
  /** The trace that whoever calls is in; `undefined` outside of any. */
  current(): TraceContext | undefined;
  /** Runs `work` as a part of a trace that came from elsewhere. */
  within<T>(trace: TraceContext | undefined, work: () => T): T;
}

export const noTracing: Tracing = {
  isOn: false,
  begin: () => undefined,
  current: () => undefined,
  within: (_, work) => work(),
};

/** What a span needs to know of a connection. */
export interface Traced {
  readonly tracing: Tracing;
  /** A topic or group as Kafka knows it. */
  realName(name: string): string;
}

// OpenTelemetry's semantic conventions for messaging and for Kafka.

const messaging = (operation: 'send' | 'process' | 'settle', destination: string, partition?: number) => ({
  'messaging.system': 'kafka',
  'messaging.operation.name': operation,
  'messaging.operation.type': operation,
  'messaging.destination.name': destination,
  ...(partition === undefined ? {} : { 'messaging.destination.partition.id': String(partition) }),
});

const keyAttribute = (key: string | null) => (key === null ? {} : { 'messaging.kafka.message.key': key });

/** From the instant a record is handed to the outbox until a broker has acknowledged it. */
export function beginSend(connection: Traced, record: OutputRecord): Span | undefined {
  const { tracing } = connection;
  if (!tracing.isOn || record.span === 'none') return undefined;
  const { topic, key, value, headers = {}, about, span } = record;
  const parent = readTrace(headers);
  if (parent?.traceparent === undefined && span !== 'root') return undefined;
  const destination = connection.realName(topic);
  const attributes = {
    ...messaging('send', destination),
    ...keyAttribute(key),
    ...(value === null
      ? { 'messaging.kafka.message.tombstone': true }
      : { 'messaging.message.body.size': value.length }),
  };
  return tracing.begin({ name: `send ${destination}`, kind: 'producer', attributes, about }, parent);
}

export function endSend(span: Span, { partition, offset }: SentRecord): void {
  span.set({ 'messaging.destination.partition.id': String(partition), 'messaging.kafka.offset': offset });
  span.end();
}

export interface ProcessPlan {
  readonly group: string;
  readonly about?: object | undefined;
  readonly parent: TraceContext | undefined;
  /** What it has to do with beside its own trace. */
  readonly links?: readonly TraceContext[];
  readonly startedAt?: number;
}

/** What is done with a record that was read. */
export function beginProcess(
  connection: Traced,
  { topic, partition, offset, key }: InputRecord,
  { group, parent, ...plan }: ProcessPlan,
): Span | undefined {
  const { tracing } = connection;
  if (!tracing.isOn) return undefined;
  const destination = connection.realName(topic);
  const attributes = {
    ...messaging('process', destination, partition),
    'messaging.consumer.group.name': connection.realName(group),
    'messaging.kafka.offset': offset,
    ...keyAttribute(key),
  };
  return tracing.begin({ name: `process ${destination}`, kind: 'consumer', attributes, ...plan }, parent);
}

/** A record that was processed in a span, at whose end `trace` is. */
export interface ProcessedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  readonly trace: TraceContext;
}

/** That a record was done with is written down: its offset is committed, with whatever state follows from it. */
export function beginSettle(
  connection: Traced,
  { topic, partition, offset, trace }: ProcessedRecord,
  { group, startedAt }: { readonly group: string; readonly startedAt?: number },
): Span | undefined {
  const destination = connection.realName(topic);
  const attributes = {
    ...messaging('settle', destination, partition),
    'messaging.consumer.group.name': connection.realName(group),
    'messaging.kafka.offset': offset,
  };
  const at = startedAt === undefined ? {} : { startedAt };
  return connection.tracing.begin({ name: `settle ${destination}`, kind: 'client', attributes, ...at }, trace);
}

/** A record with the trace it belongs to, unless it says so itself. */
export function traced(
  record: OutputRecord,
  trace: TraceContext,
  rest: Pick<OutputRecord, 'about' | 'span'> = {},
): OutputRecord {
  if (record.headers?.['traceparent'] !== undefined) return record;
  return { ...rest, ...record, headers: { ...record.headers, ...traceHeaders(trace) } };
}
