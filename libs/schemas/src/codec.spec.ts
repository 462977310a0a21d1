import { describe, expect, it } from '@jest/globals';
import type { Activity, ActivityTask, Command, ExecutionId, Payload, Reply } from '@ratchet/domain';
import { epochMillis, millis } from '@ratchet/domain';
import { localCodec } from './local-codec.ts';

const codec = localCodec();
const target: ExecutionId = { namespace: 'default', workflowId: '', runId: 'r1', activityId: 'a/1' };
const payload: Payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('42') };
const options = {
  taskQueue: 'q',
  scheduleToCloseTimeoutMs: millis(0),
  scheduleToStartTimeoutMs: millis(0),
  startToCloseTimeoutMs: millis(10_000),
  heartbeatTimeoutMs: millis(0),
  startDelayMs: millis(0),
  priorityKey: 0,
  fairnessKey: '',
  fairnessWeight: 0,
  retryPolicy: {
    initialIntervalMs: millis(1_000),
    backoffCoefficient: 2,
    intervalMsMax: millis(100_000),
    attemptsMax: 0,
    nonRetryableErrorTypes: [],
  },
};
const task: ActivityTask = {
  id: target,
  activityType: 'charge',
  taskToken: Buffer.from('token'),
  attempt: 1,
  options,
  input: [payload],
  header: {},
  heartbeatDetails: [],
  scheduledAt: epochMillis(1_700_000_000_000),
  currentAttemptScheduledAt: epochMillis(1_700_000_000_001),
  passedOnCount: 0,
};
const complete: Command = {
  type: 'Complete',
  target,
  requestId: 'q1',
  identity: 'w@h',
  replyTo: { partition: 3, address: 'me' },
  attempt: { by: 'token', scheduleOffset: 300, attempt: 1, stamp: 2 },
  result: [payload],
};
const granted: Reply = {
  address: 'me',
  requestId: 'q1',
  offset: 301,
  body: { type: 'Accepted', answer: { type: 'Granted', startedAt: epochMillis(1_700_000_000_000) } },
};

describe('the wire', () => {
  it.each([
    {
      name: 'a command',
      bytes: codec.encodeCommand(complete),
      value: complete,
      decode: codec.decodeCommand,
      hex: '00000000010e64656661756c740004723106612f3104713106774068000206046d6500000602d804020400020210656e636f64696e67146a736f6e2f706c61696e00043432000000',
    },
    {
      name: 'a task',
      bytes: codec.encodeTask(task),
      value: task,
      decode: codec.decodeTask,
      hex: '000000000f0e64656661756c740004723106612f310c6368617267650a746f6b656e0202710000a09c010000d00f0000000000000040c09a0c000000000000000000000000020210656e636f64696e67146a736f6e2f706c61696e0004343200000080a0abfef96282a0abfef96200',
    },
    {
      name: 'a reply',
      bytes: codec.encodeReply(granted),
      value: granted,
      decode: codec.decodeReply,
      hex: '000000000d046d65047131da0400000280a0abfef9620000000000000000',
    },
  ])('has $name as it always had', ({ bytes, value, decode, hex }) => {
    expect(bytes.toString('hex')).toBe(hex);
    expect(decode(Buffer.from(hex, 'hex'))).toStrictEqual(value);
  });

  it('takes bytes from any Uint8Array', () => {
    const plain = { metadata: {}, data: new Uint8Array([1, 2, 3]).subarray(1) };
    const { input } = codec.decodeTask(codec.encodeTask({ ...task, input: [plain] })) as ActivityTask;
    expect(input).toStrictEqual([{ metadata: {}, data: Buffer.from([2, 3]) }]);
  });

  it('carries what is larger than its buffer', () => {
    const large = { metadata: {}, data: Buffer.alloc(3_000_000, 7) };
    const bytes = codec.encodeTask({ ...task, input: [large] });
    expect(codec.decodeTask(bytes)).toStrictEqual({ ...task, input: [large] });
  });

  it('hands out bytes that later encoding leaves alone', () => {
    const bytes = codec.encodeCommand(complete);
    const before = bytes.toString('hex');
    codec.encodeTask(task);
    expect(bytes.toString('hex')).toBe(before);
  });

  it('hands out values that do not share memory with the bytes', () => {
    const bytes = codec.encodeTask(task);
    const decoded = codec.decodeTask(bytes);
    bytes.fill(0);
    expect(decoded).toStrictEqual(task);
  });

  it('refuses a value that does not fit its schema', () => {
    expect(() => codec.encodeTask({ ...task, attempt: 1.5 })).toThrow('invalid "int": 1.5');
  });
});

describe('the snapshot of an activity', () => {
  const scheduled: Activity = {
    status: 'scheduled',
    id: target,
    activityType: 'charge',
    scheduleOffset: 1,
    version: 1,
    requestIds: ['q1'],
    scheduledAt: epochMillis(1_700_000_000_000),
    retentionMs: millis(1),
    transitionCount: 1,
    attempt: 1,
    options,
    originalOptions: { ...options, retryPolicy: { ...options.retryPolicy } },
    input: [payload],
    header: { trace: payload },
    shielded: false,
    stamp: 1,
    dispatchAt: epochMillis(1_700_000_000_000),
    retryIntervalMs: millis(0),
    retryIntervalSource: 'retry-policy',
    lastWorkerIdentity: '',
    heartbeat: { details: [payload], recordedAt: epochMillis(1), count: 1 },
  };

  it('has neither input nor header nor heartbeat', () => {
    const { heartbeat: _, ...rest } = scheduled;
    const bytes = codec.encodeState({ type: 'ActivitySnapshot', activity: scheduled });
    expect(codec.decodeState(bytes)).toStrictEqual({
      type: 'ActivitySnapshot',
      activity: { ...rest, input: [], header: {} },
    });
  });

  it('writes original options that are the same only once, whether or not they are the same object', () => {
    const shared = codec.encodeState({
      type: 'ActivitySnapshot',
      activity: { ...scheduled, originalOptions: options },
    });
    const apart = codec.encodeState({ type: 'ActivitySnapshot', activity: scheduled });
    expect(apart.equals(shared)).toBe(true);
  });
});
