import type { Headers } from '../record.ts';

/** Whose trace a record or a request belongs to, and what its callers said of it: W3C Trace Context and Baggage. */
export interface TraceContext {
  readonly traceparent?: string;
  /** Only beside `traceparent`. */
  readonly tracestate?: string;
  readonly baggage?: string;
}

/** Goes along with what is to join no trace of whoever sends it. */
export const noTrace: TraceContext = {};

interface TraceField {
  readonly bytesMax: number;
  readonly isRight: (text: string) => boolean;
}

const traceparentShape = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;
const stateMember = /^[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]$/;
const token = /^[!#$%&'*+.^_`|~\w-]+$/;
const baggageOctets = /^[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*$/;

/** Members between commas, some of which may be empty, but not all. */
const isList = (text: string, membersMax: number, isMember: (member: string) => boolean): boolean => {
  const members = text
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
  return members.length > 0 && members.length <= membersMax && members.every(isMember);
};

// Taken apart by hand: one expression for all of it would look at blanks again and again.
function isBaggageMember(member: string): boolean {
  const [entry = '', ...properties] = member.split(';');
  return entry.includes('=') && isPair(entry) && properties.every(isPair);
}

/** `key=value`, or a key alone. */
function isPair(text: string): boolean {
  const [key = '', ...value] = text.split('=');
  return token.test(key.trim()) && baggageOctets.test(value.join('=').trim());
}

/**
 * The headers of a trace, and what each may be: Trace Context level 1, sections 3.2 and 3.3, and Baggage, section 3.3.2.
 * What is anything else does not travel on.
 */
export const traceFields = {
  traceparent: { bytesMax: 55, isRight: (text) => traceparentShape.test(text) },
  tracestate: { bytesMax: 512, isRight: (text) => isList(text, 32, (member) => stateMember.test(member)) },
  baggage: { bytesMax: 8192, isRight: (text) => isList(text, 64, isBaggageMember) },
} as const satisfies Record<keyof TraceContext, TraceField>;

export type TraceHeader = keyof typeof traceFields;

/** Headers of a record, of HTTP, or whatever else has these three by their names. */
export type TraceCarrier = Readonly<Partial<Record<TraceHeader, unknown>>> | Readonly<Record<string, unknown>>;

/**
 * The trace that a record or a request comes with: what of it is right. Without a `traceparent` that is one, `tracestate` says
 * nothing (Trace Context, section 4.3).
 */
export function readTrace(carrier: TraceCarrier): TraceContext | undefined {
  const { traceparent: parent, tracestate: state, baggage: bag } = carrier;
  if (parent === undefined && bag === undefined) return undefined;
  const traceparent = read('traceparent', parent);
  const tracestate = traceparent === undefined || state === undefined ? undefined : read('tracestate', state);
  const baggage = bag === undefined ? undefined : read('baggage', bag);
  if (traceparent === undefined) return baggage === undefined ? undefined : { baggage };
  // One shape for the many that have nothing else.
  if (tracestate === undefined && baggage === undefined) return { traceparent };
  return {
    traceparent,
    ...(tracestate === undefined ? {} : { tracestate }),
    ...(baggage === undefined ? {} : { baggage }),
  };
}

function read(name: TraceHeader, value: unknown): string | undefined {
  const { bytesMax, isRight } = traceFields[name];
  if (typeof value !== 'string' && !Buffer.isBuffer(value)) return undefined;
  if (value.length > bytesMax) return undefined;
  const text = value.toString();
  return isRight(text) ? text : undefined;
}

// Empty where there is none.
export const traceIdOf = ({ traceparent = '' }: TraceContext): string => traceparent.slice(3, 35);

export const spanIdOf = ({ traceparent = '' }: TraceContext): string => traceparent.slice(36, 52);

/** Whether whoever began the trace wants its spans; `undefined`: nobody has begun one. */
export function isSampled({ traceparent }: TraceContext): boolean | undefined {
  return traceparent === undefined ? undefined : (Number.parseInt(traceparent.slice(53), 16) & 1) === 1;
}

/** For a line of a log: OpenTelemetry's names in formats that are not its own. */
export const traceOfLine = (trace: TraceContext | undefined): Readonly<Record<string, string>> =>
  trace?.traceparent === undefined ? {} : { trace_id: traceIdOf(trace), span_id: spanIdOf(trace) };

/** As headers of a record. */
export const traceHeaders = (trace: TraceContext): Headers => trace as Headers;
