import { describe, expect, it } from '@jest/globals';
import type { Command } from '@ratchet/domain';
import fc from 'fast-check';
import { commands } from './arbitrary/commands.arbitrary.ts';
import { localCodec } from './local-codec.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

const codec = localCodec();
const decoders = [
  codec.decodeCommand,
  codec.decodeQuery,
  codec.decodeTask,
  codec.decodeReply,
  codec.decodeCancellation,
  codec.decodeCompletionEvent,
  codec.decodeState,
] as const;
const anyCommand = fc.oneof(...Object.values(commands));

/** What decoding comes to: a value or a verdict. Anything else fails the test. */
function verdictOf(decode: () => unknown): UnreadableRecordError | undefined {
  try {
    decode();
    return undefined;
  } catch (error) {
    if (error instanceof UnreadableRecordError) return error;
    throw error;
  }
}

describe('bytes of no record', () => {
  it('are a verdict, whatever they are', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...decoders),
        fc.integer({ min: 1, max: 12 }),
        fc.uint8Array({ maxLength: 200 }),
        (decode, id, body) => {
          verdictOf(() => decode(Buffer.concat([Buffer.from([0, 0, 0, 0, id]), body])));
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('are a verdict when a part is missing', () => {
    fc.assert(
      fc.property(anyCommand, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (command, part) => {
        const bytes = codec.encodeCommand(command);
        const cut = bytes.subarray(0, Math.floor(part * bytes.length));
        expect(verdictOf(() => codec.decodeCommand(cut))).toBeInstanceOf(UnreadableRecordError);
      }),
    );
  });

  it('are a verdict when something follows', () => {
    fc.assert(
      fc.property(anyCommand, fc.uint8Array({ minLength: 1 }), (command, more) => {
        const bytes = Buffer.concat([codec.encodeCommand(command), more]);
        expect(verdictOf(() => codec.decodeCommand(bytes))?.message).toContain('go on after the ActivityCommand');
      }),
    );
  });

  it.each([
    { what: 'are empty', bytes: '', message: 'do not begin with a zero byte and a schema id' },
    { what: 'have another magic byte', bytes: '01000000010203', message: 'do not begin with a zero byte' },
    {
      what: 'are of another record',
      bytes: '0000000002',
      message: 'it is of ActivityQuery, where ActivityCommand belongs',
    },
  ])('say what is wrong when they $what', ({ bytes, message }) => {
    expect(verdictOf(() => codec.decodeCommand(Buffer.from(bytes, 'hex')))?.message).toContain(message);
  });

  it('claim a billion items and are done with at once', () => {
    const command: Command = {
      type: 'Complete',
      target: { namespace: '', workflowId: '', runId: '', activityId: '' },
      requestId: '',
      identity: '',
      attempt: { by: 'id' },
      result: [],
    };
    const bytes = codec.encodeCommand(command);
    // The last byte is the count of the results.
    const claiming = Buffer.concat([bytes.subarray(0, -1), Buffer.from('80a8d6b907', 'hex')]);
    const startedMs = performance.now();
    expect(verdictOf(() => codec.decodeCommand(claiming))).toBeInstanceOf(UnreadableRecordError);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
  });
});
