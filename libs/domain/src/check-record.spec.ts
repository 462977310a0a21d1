import { checkCancellationRecord, checkCommandRecord, checkQueryRecord } from './check-record.ts';
import type { Command } from './command.ts';
import { fanOutPageMax, idBytesMax, replyAddressBytesMax } from './limits.ts';
import type { CancellationRecord } from './message.ts';
import type { Query } from './query.ts';
import { epochMillis } from './units.ts';

const id = { namespace: 'default', workflowId: 'order', runId: 'run', activityId: 'charge' };
const run = { namespace: 'default', workflowId: 'order', runId: 'run' };
const replyTo = { partition: 3, address: 'client' };
const request = { requestId: 'request', identity: 'someone', reason: 'why' };
const long = 'x'.repeat(idBytesMax + 1);
const longAddress = { partition: 3, address: 'x'.repeat(replyAddressBytesMax + 1) };

const command = (to: object = {}): Command => ({
  type: 'RequestCancel',
  target: id,
  ...request,
  cascaded: false,
  ...to,
});
const describe_ = (change: object = {}): Query => ({
  type: 'Describe',
  target: id,
  requestId: 'request',
  replyTo,
  seenOffset: -1,
  ...change,
});
const awaitRun = (change: object = {}): Query => ({
  type: 'AwaitRun',
  run,
  known: { signalName: '', signalsUpTo: -1, signalCountMax: 1 },
  requestId: 'request',
  replyTo,
  seenOffset: -1,
  ...change,
});
const page = (change: object = {}): CancellationRecord => ({
  type: 'FanOut',
  run,
  cause: 'run-closed',
  decidedOffset: 1,
  ...request,
  activityIds: ['charge'],
  ...change,
});
const notice = (change: object = {}): CancellationRecord => ({
  type: 'NotifyWorker',
  id,
  scheduleOffset: 1,
  attempt: 1,
  stamp: 1,
  decidedOffset: 2,
  workerAddress: replyTo,
  reason: 'paused',
  overAt: epochMillis(1),
  sentCount: 0,
  ...change,
});

const commands: readonly [string, Command, string | undefined][] = [
  ['without an address', command(), undefined],
  ['with one', command({ replyTo }), undefined],
  ['with one that is too long', command({ replyTo: longAddress }), 'replyTo.address has 1101 bytes, and may have 1100'],
  [
    'with a partition that is none',
    command({ replyTo: { ...replyTo, partition: -2 } }),
    "replyTo.partition is -2, where a partition's number belongs",
  ],
];
test.each(commands)('a command %s', (_, record, wrong) => {
  expect(checkCommandRecord(record)).toBe(wrong);
});

const queries: readonly [string, Query, string | undefined][] = [
  ['of an activity', describe_(), undefined],
  ['of a run', awaitRun(), undefined],
  [
    'to an address that is too long',
    describe_({ replyTo: longAddress }),
    'replyTo.address has 1101 bytes, and may have 1100',
  ],
  [
    'of an id that is too long',
    describe_({ target: { ...id, runId: long } }),
    'target.runId has 1001 bytes, and may have 1000',
  ],
  [
    'of a run that is too long',
    awaitRun({ run: { ...run, workflowId: long } }),
    'run.workflowId has 1001 bytes, and may have 1000',
  ],
  [
    'of a name that is too long',
    awaitRun({ known: { signalName: long, signalsUpTo: -1, signalCountMax: 1 } }),
    'signalName has 1001 bytes, and may have 1000',
  ],
  ['whose id is too long', describe_({ requestId: 'x'.repeat(1_101) }), 'requestId has 1101 bytes, and may have 1100'],
];
test.each(queries)('a question %s', (_, record, wrong) => {
  expect(checkQueryRecord(record)).toBe(wrong);
});

const cancellations: readonly [string, CancellationRecord, string | undefined][] = [
  ['a request', { type: 'CancelActivity', target: id, ...request, replyTo }, undefined],
  [
    'a request to an address that is too long',
    { type: 'CancelRun', run, ...request, replyTo: longAddress },
    'replyTo.address has 1101 bytes, and may have 1100',
  ],
  ['a full page', page({ activityIds: Array.from({ length: fanOutPageMax }, String) }), undefined],
  [
    'a page with one more',
    page({ activityIds: Array.from({ length: fanOutPageMax + 1 }, String) }),
    'activityIds has 1001 entries, and may have 1000',
  ],
  [
    'a page of an id that is too long',
    page({ activityIds: ['charge', long] }),
    'activityIds has 1001 bytes, and may have 1000',
  ],
  [
    'a page of a run that is too long',
    page({ run: { ...run, runId: long } }),
    'run.runId has 1001 bytes, and may have 1000',
  ],
  ['a page whose request id is too long', page({ requestId: long }), 'requestId has 1001 bytes, and may have 1000'],
  ['a page whose identity is too long', page({ identity: long }), 'identity has 1001 bytes, and may have 1000'],
  ['a page whose reason is too long', page({ reason: 'x'.repeat(4_097) }), 'reason has 4097 bytes, and may have 4096'],
  ['a notice', notice(), undefined],
  [
    'a notice to an address that is too long',
    notice({ workerAddress: longAddress }),
    'workerAddress.address has 1101 bytes, and may have 1100',
  ],
  ['a notice that was sent less than never', notice({ sentCount: -1 }), 'sentCount is -1, where a count belongs'],
  [
    'a notice of an id that is too long',
    notice({ id: { ...id, namespace: long } }),
    'id.namespace has 1001 bytes, and may have 1000',
  ],
  [
    'what settles an attempt of an id that is too long',
    {
      type: 'NoticeSettled',
      id: { ...id, activityId: long },
      scheduleOffset: 1,
      attempt: 1,
      stamp: 1,
      decidedOffset: 2,
    },
    'id.activityId has 1001 bytes, and may have 1000',
  ],
];
test.each(cancellations)('in cancellations: %s', (_, record, wrong) => {
  expect(checkCancellationRecord(record)).toBe(wrong);
});
