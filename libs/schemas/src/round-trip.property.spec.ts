import { describe, expect, it } from '@jest/globals';
import type {
  ActivityQuery,
  ActivityTask,
  AwaitRun,
  CallbackRequest,
  CompletionEvent,
  KnownOfRun,
  Namespace,
  Reply,
  SharedSettings,
} from '@ratchet/domain';
import fc from 'fast-check';
import { commands } from './arbitrary/commands.arbitrary.ts';
import { cancellations, completionBodies, replyBodies, states } from './arbitrary/messages.arbitrary.ts';
import {
  record,
  partial,
  text,
  count,
  offset,
  instant,
  bytes,
  constant,
  oneOf,
  payloads,
  header,
  id,
  run,
  replyTo,
  closedStatus,
  duration,
  outcome,
  options,
  texts,
  type Arbitrary,
} from './arbitrary/values.arbitrary.ts';
import { localCodec } from './local-codec.ts';

const codec = localCodec();

/** The same value comes back, property by property, without anything that was not there. */
function itRoundTrips<T>(
  name: string,
  values: Arbitrary<T>,
  encode: (value: T) => Buffer,
  decode: (bytes: Buffer) => unknown,
) {
  it(`brings back every ${name}`, () => {
    fc.assert(
      fc.property(values, (value) => {
        expect(decode(encode(value))).toStrictEqual(value);
      }),
    );
  });
}

describe('the codec', () => {
  for (const [type, command] of Object.entries(commands))
    itRoundTrips(`${type} command`, command, codec.encodeCommand, codec.decodeCommand);
  for (const [type, body] of Object.entries(replyBodies))
    itRoundTrips(
      `${type} reply`,
      record<Reply>({ address: text, requestId: text, offset, body }),
      codec.encodeReply,
      codec.decodeReply,
    );
  for (const [type, state] of Object.entries(states))
    itRoundTrips(`${type} state`, state, codec.encodeState, codec.decodeState);
  for (const [type, step] of Object.entries(cancellations))
    itRoundTrips(`${type} cancellation`, step, codec.encodeCancellation, codec.decodeCancellation);
  for (const [type, body] of Object.entries(completionBodies))
    itRoundTrips(
      `${type} completion event`,
      partial<CompletionEvent, Pick<CompletionEvent, 'taskToken' | 'target'>>(
        { eventId: text, source: text, body },
        { taskToken: bytes, target: id },
      ),
      codec.encodeCompletionEvent,
      codec.decodeCompletionEvent,
    );
  itRoundTrips(
    'callback request',
    partial<CallbackRequest, Pick<CallbackRequest, 'notBefore'>>(
      {
        id,
        url: text,
        activityType: text,
        status: closedStatus,
        outcome,
        closedAt: instant,
        closedOffset: offset,
        failedCount: count,
      },
      { notBefore: instant },
    ),
    codec.encodeCallbackRequest,
    codec.decodeCallbackRequest,
  );
  itRoundTrips(
    'query',
    partial<ActivityQuery, Pick<ActivityQuery, 'scheduleOffset'>>(
      {
        type: oneOf('Describe', 'AwaitOutcome'),
        target: id,
        requestId: text,
        replyTo,
        seenOffset: fc.integer({ min: -1 }),
      },
      { scheduleOffset: offset },
    ),
    codec.encodeQuery,
    codec.decodeQuery,
  );
  itRoundTrips(
    'query about a run',
    record<AwaitRun>({
      type: constant('AwaitRun'),
      run,
      requestId: text,
      replyTo,
      seenOffset: fc.integer({ min: -1 }),
      known: partial<KnownOfRun, Pick<KnownOfRun, 'status'>>(
        { signalName: text, signalsUpTo: fc.integer({ min: -1 }), signalCountMax: count },
        { status: oneOf('open', 'cancel-requested', 'closed') },
      ),
    }),
    codec.encodeQuery,
    codec.decodeQuery,
  );
  itRoundTrips(
    'namespace',
    record<Namespace>({
      name: text,
      id: text,
      description: text,
      retentionMs: duration,
      registeredAt: instant,
      limits: record({ requestsPerSecondMax: count }),
    }),
    codec.encodeNamespace,
    codec.decodeNamespace,
  );
  itRoundTrips(
    'shared settings',
    record<SharedSettings>({ environment: text, partitions: count, tokenKeys: texts }),
    codec.encodeSharedSettings,
    codec.decodeSharedSettings,
  );
  itRoundTrips(
    'task',
    record<ActivityTask>({
      id,
      activityType: text,
      taskToken: bytes,
      attempt: count,
      options,
      input: payloads,
      header,
      heartbeatDetails: payloads,
      scheduledAt: instant,
      currentAttemptScheduledAt: instant,
      passedOnCount: count,
    }),
    codec.encodeTask,
    codec.decodeTask,
  );
});
