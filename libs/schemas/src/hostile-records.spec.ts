import { describe, expect, it } from '@jest/globals';
import {
  blobBytesMax,
  blobPartsMax,
  callbackUrlBytesMax,
  callbackUrlsMax,
  detailsBytesMax,
  durationMsMax,
  epochMillis,
  errorTypesBytesMax,
  failureCausesMax,
  headerBytesMax,
  idBytesMax,
  linkBytesMax,
  linksBytesMax,
  millis,
  reasonBytesMax,
  recentSignalIdsMax,
  rememberedIdsMax,
  reportIdsMax,
  requestIdsMax,
  retriedFailureBytesMax,
  summaryBytesMax,
  timedIdBytesMax,
  type ActivityOptions,
  type CancelRequest,
  type Command,
  type Failure,
  type Payloads,
  type RememberedId,
  type Reply,
  type RunningActivity,
  type WorkflowRun,
} from '@ratchet/domain';
import { itemCountMax } from './avro/bounded-type.ts';
import { readerOf } from './avro/record-reader.ts';
import { schemas } from './generated/schemas.ts';
import { topicTable } from './generated/topic-table.ts';
import { localCodec } from './local-codec.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

// Records that would cost their readers more than their bytes: most of these kept one busy for seconds to weeks.

const codec = localCodec();

/** A number as Avro writes it. */
function long(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt.asUintN(64, (BigInt(value) << 1n) ^ (BigInt(value) >> 63n));
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80);
  return Buffer.from([...bytes, Number(rest)]);
}
const bytesOf = (...parts: readonly (Buffer | number)[]): Buffer =>
  Buffer.concat(parts.map((part) => (typeof part === 'number' ? long(part) : part)));

/** Today's schema of a completion event with a field before all others that only its writer knows. */
function withFieldBefore(type: unknown): string {
  const { fields, ...rest } = JSON.parse(schemas.CompletionEvent) as { readonly fields: readonly object[] };
  return JSON.stringify({ ...rest, fields: [{ name: 'bomb', type }, ...fields] });
}
const header = Buffer.from('0000000007', 'hex');

const arrayOf = (items: unknown): object => ({ type: 'array', items });
const mapOf = (values: unknown): object => ({ type: 'map', values });
const emptyRecord = { type: 'record', name: 'Nothing', fields: [] };
const many = 4e15;
/** The largest that Avro's library takes. */
const numberMax = Number.MAX_SAFE_INTEGER - 1;

describe('a record of a schema that someone registered', () => {
  it.each([
    { what: 'items of no bytes', type: arrayOf('null'), bytes: bytesOf(many, 0) },
    { what: 'items that are empty records', type: arrayOf(emptyRecord), bytes: bytesOf(many, 0) },
    { what: 'items that are of no length', type: arrayOf({ type: 'fixed', name: 'F', size: 0 }), bytes: bytesOf(many) },
    { what: 'numbers that are not there', type: arrayOf('long'), bytes: bytesOf(many, 1, 1, 1) },
    { what: 'booleans that are not there', type: arrayOf('boolean'), bytes: bytesOf(many) },
    { what: 'strings that are not there', type: arrayOf('string'), bytes: bytesOf(many, 0, 0) },
    { what: 'lists of nothing', type: arrayOf(arrayOf('null')), bytes: bytesOf(3, many, many, many) },
    { what: 'keys without values', type: mapOf('null'), bytes: bytesOf(many, 0, 0, 0) },
    { what: 'keys that are not there', type: mapOf('long'), bytes: bytesOf(many, 0) },
    { what: 'a block that lies before itself', type: arrayOf('long'), bytes: bytesOf(-1, -2, 0) },
    { what: 'a map whose block lies before itself', type: mapOf('long'), bytes: bytesOf(-1, -3, 0) },
    { what: 'a block of the smallest number', type: arrayOf('null'), bytes: bytesOf(Number.MIN_SAFE_INTEGER, 8, 0) },
    {
      what: 'blocks of nothing, one after the other',
      type: arrayOf('null'),
      bytes: Buffer.concat(Array.from({ length: 200_000 }, () => long(100_000))),
    },
    {
      what: 'a string longer than all memory',
      type: 'string',
      bytes: bytesOf(many),
    },
    {
      what: 'a record that contains itself',
      type: { type: 'record', name: 'Loop', fields: [{ name: 'next', type: arrayOf('Loop') }] },
      bytes: Buffer.concat(Array.from({ length: 100_000 }, () => long(90_000))),
    },
  ])('may claim $what, and is done with at once', ({ type, bytes }) => {
    const reader = readerOf(withFieldBefore(type));
    const startedMs = performance.now();
    expect(() => reader.read(Buffer.concat([header, bytes]))).toThrow(UnreadableRecordError);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it('is read when what it has more is there', () => {
    const reader = readerOf(withFieldBefore(arrayOf(mapOf('long'))));
    const event = codec.encodeCompletionEvent({ eventId: 'e', source: 's', body: { type: 'Completed', result: [] } });
    // One block with its size, as other languages write them, and one without.
    const list = bytesOf(-1, 5, 1, 1, Buffer.from('a'), 7, 0, 1, 0, 0);
    const read = reader.read(Buffer.concat([header, list, event.subarray(5)])) as Readonly<Record<string, unknown>>;
    expect(read).toMatchObject({ eventId: 'e', source: 's' });
  });
});

describe('a record of our own schemas', () => {
  const signal = { offset: 1, signalId: '', name: '', args: [], sentAt: epochMillis(0) };
  const run: WorkflowRun = {
    id: { namespace: 'n', workflowId: 'w', runId: 'r' },
    status: 'open',
    version: 1,
    openedAt: epochMillis(0),
    openRequestId: '',
    retentionMs: millis(0),
    signalsAcknowledgedTo: -1,
    recentSignalIds: [],
  };
  const news: Reply = {
    address: 'a',
    requestId: 'q',
    offset: 1,
    body: { type: 'RunDescribed', run, signals: [signal] },
  };

  it('may claim signals that are not there', () => {
    const bytes = codec.encodeReply(news);
    const one = bytesOf(1, 1, 0, 0, 0, 0, 0);
    const at = bytes.lastIndexOf(one);
    expect(at).toBeGreaterThan(0);
    const claiming = Buffer.concat([bytes.subarray(0, at), long(many), bytes.subarray(at + 1)]);
    expect(() => codec.decodeReply(claiming)).toThrow(UnreadableRecordError);
  });

  const empty = { metadata: {}, data: new Uint8Array(0) };
  const complete = (result: Payloads): Command => ({
    type: 'Complete',
    target: { namespace: '', workflowId: '', runId: '', activityId: '' },
    requestId: '',
    identity: '',
    attempt: { by: 'id' },
    result,
  });

  it('may have no more items than a reader makes objects of without harm', () => {
    const bytes = codec.encodeCommand(complete([empty]));
    const items = Buffer.alloc(2 * (itemCountMax + 1));
    const claiming = Buffer.concat([bytes.subarray(0, -5), long(itemCountMax + 1), items, Buffer.of(0)]);
    expect(() => codec.decodeCommand(claiming)).toThrow(`more than ${String(itemCountMax)} items`);
    expect(() => codec.encodeCommand(complete(new Array(itemCountMax + 1).fill(empty)))).toThrow('items');
    expect(codec.decodeCommand(codec.encodeCommand(complete(new Array(blobPartsMax).fill(empty))))).toBeDefined();
  });

  const failureWith = (causes: number): Failure => {
    let failure: Failure = { message: '0', source: '', stackTrace: '', info: { type: 'none' } };
    for (let count = 1; count <= causes; count++) failure = { ...failure, message: String(count), cause: failure };
    return failure;
  };
  const fail = (failure: Failure): Command => ({ ...complete([]), type: 'Fail', failure }) as Command;

  it('is written without the causes that no reader would take', () => {
    const read = codec.decodeCommand(codec.encodeCommand(fail(failureWith(failureCausesMax + 50))));
    let links = 0;
    for (let link = (read as { failure?: Failure }).failure; link !== undefined; link = link.cause) links++;
    expect(links).toBe(failureCausesMax + 1);
  });

  it.each([failureCausesMax + 1, 2_000, 200_000])('is not read with %p causes', (causes) => {
    const bytes = codec.encodeCommand(fail(failureWith(1)));
    // message, source, stackTrace, encodedAttributes, five kinds; then the branch of the cause.
    const link = bytesOf(1, Buffer.from('1'), 0, 0, 0, 0, 0, 0, 0, 0, 1);
    const at = bytes.indexOf(link);
    expect(at).toBeGreaterThan(0);
    const links = Buffer.concat(Array.from({ length: causes }, () => link));
    const claiming = Buffer.concat([bytes.subarray(0, at), links, bytes.subarray(at + link.length)]);
    expect(() => codec.decodeCommand(claiming)).toThrow(UnreadableRecordError);
  });
});

describe('what may be decided can be written down', () => {
  // As the outbox and the state writer cut their batches.
  const recordBytesMax = Number(topicTable.config['max.message.bytes']) - 64 * 1024;
  const id = (letter: string): string => letter.repeat(idBytesMax);
  const rememberedIds = (latest: number): readonly RememberedId[] => [
    ...Array.from({ length: rememberedIdsMax - latest }, () => ({
      id: 'p'.repeat(timedIdBytesMax),
      until: epochMillis(numberMax),
    })),
    ...Array.from({ length: latest }, () => ({ id: id('p'), until: epochMillis(0) })),
  ];
  const executionId = { namespace: id('n'), workflowId: id('w'), runId: id('r'), activityId: id('a') };
  const blob: Payloads = [{ metadata: {}, data: new Uint8Array(blobBytesMax - blobPartsMax) }].concat(
    Array.from({ length: blobPartsMax - 1 }, () => ({ metadata: {}, data: new Uint8Array(1) })),
  );
  const request: CancelRequest = {
    requestId: id('q'),
    identity: id('i'),
    reason: 'r'.repeat(reasonBytesMax),
    requestedAt: epochMillis(numberMax),
  };
  const options = {
    taskQueue: id('t'),
    scheduleToCloseTimeoutMs: millis(0),
    scheduleToStartTimeoutMs: millis(0),
    startToCloseTimeoutMs: millis(1),
    heartbeatTimeoutMs: millis(0),
    startDelayMs: millis(0),
    retryPolicy: {
      initialIntervalMs: millis(1),
      backoffCoefficient: 1,
      intervalMsMax: millis(1),
      attemptsMax: 0,
      nonRetryableErrorTypes: Array.from({ length: errorTypesBytesMax }, () => ''),
    },
    priorityKey: 0,
    fairnessKey: id('f'),
    fairnessWeight: 0,
  } satisfies ActivityOptions;
  const failureOf = (bytes: number): Failure => ({
    message: 'm'.repeat(bytes),
    source: '',
    stackTrace: '',
    info: { type: 'none' },
  });
  const activity: RunningActivity = {
    id: executionId,
    activityType: id('t'),
    scheduleOffset: numberMax,
    version: numberMax,
    requestIds: Array.from({ length: requestIdsMax }, () => id('q')),
    callbackUrls: Array.from({ length: callbackUrlsMax }, () => 'u'.repeat(callbackUrlBytesMax)),
    reportIds: rememberedIds(reportIdsMax),
    scheduledAt: request.requestedAt,
    retentionMs: durationMsMax,
    transitionCount: numberMax,
    attempt: 2 ** 31 - 1,
    options,
    originalOptions: options,
    input: blob,
    header: { h: { metadata: {}, data: new Uint8Array(headerBytesMax - 1) } },
    shielded: true,
    stamp: 2 ** 31 - 1,
    dispatchAt: request.requestedAt,
    retryIntervalMs: millis(1),
    retryIntervalSource: 'retry-policy',
    heartbeat: { details: blob, recordedAt: request.requestedAt, count: 1 },
    lastFailure: { failure: failureOf(retriedFailureBytesMax), failedAt: request.requestedAt },
    lastWorkerIdentity: id('i'),
    pause: request,
    unpauseRequestId: id('q'),
    resetRequestId: id('q'),
    updateRequestId: id('q'),
    userMetadata: {
      summary: { metadata: {}, data: new Uint8Array(summaryBytesMax) },
      details: { metadata: {}, data: new Uint8Array(detailsBytesMax) },
    },
    links: Array.from({ length: Math.floor(linksBytesMax / linkBytesMax) }, () => new Uint8Array(linkBytesMax)),
    workerSdk: { name: id('n'), version: id('v') },
    status: 'cancel-requested',
    startedAt: request.requestedAt,
    claimId: id('c'),
    cancel: request,
  };
  const { id: _, ...close } = { ...request, id: 0, status: 'failed', closedAt: request.requestedAt } as const;

  it.each([
    { what: 'an activity', record: { type: 'ActivitySnapshot', activity } },
    { what: 'its input and header', record: { ...activity, type: 'ActivityInput' } },
    {
      what: 'its heartbeat',
      record: { type: 'ActivityHeartbeat', scheduleOffset: 1, attempt: 1, stamp: 1, ...activity.heartbeat },
    },
    {
      what: 'a closed activity',
      record: {
        type: 'ActivitySnapshot',
        activity: {
          ...activity,
          status: 'timed-out',
          closedAt: request.requestedAt,
          expiresAt: request.requestedAt,
          closeRequestId: id('q'),
          pauseRequestId: id('q'),
          outcome: {
            type: 'failure',
            retryState: 'timeout',
            failure: {
              ...failureOf(100),
              info: { type: 'timeout', timeoutType: 'heartbeat', lastHeartbeatDetails: blob },
              cause: failureOf(retriedFailureBytesMax),
            },
          },
        },
      },
    },
    {
      what: 'a run',
      record: {
        type: 'RunSnapshot',
        run: {
          id: executionId,
          status: 'closed',
          version: 1,
          openedAt: request.requestedAt,
          openRequestId: id('q'),
          retentionMs: millis(1),
          cancel: request,
          close: { ...close, expiresAt: request.requestedAt },
          signalsAcknowledgedTo: 1,
          recentSignalIds: rememberedIds(recentSignalIdsMax),
        },
      },
    },
    {
      what: 'a signal',
      record: {
        type: 'SignalSnapshot',
        run: executionId,
        signal: { offset: 1, signalId: id('s'), name: id('n'), args: blob, sentAt: request.requestedAt },
      },
    },
  ])('$what at its largest fits one batch', ({ record }) => {
    const bytes = codec.encodeState(record as Parameters<typeof codec.encodeState>[0]).length;
    expect(bytes).toBeLessThan(recordBytesMax);
  });
});
