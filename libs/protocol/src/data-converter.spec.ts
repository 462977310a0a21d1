import type { Payload } from '@ratchet/domain';
import {
  errorToFailure,
  failureToError,
  loadDataConverter,
  payloadsToValues,
  valuesToPayloads,
} from './data-converter.ts';
import { ApplicationFailure } from './failures.ts';
import type { PayloadCodec } from './payload-codec.ts';

const flip = (mask: number): PayloadCodec => {
  const turn = (payloads: readonly Payload[]): Promise<readonly Payload[]> =>
    Promise.resolve(payloads.map(({ metadata, data }) => ({ metadata, data: data.map((byte) => byte ^ mask) })));
  return { encode: turn, decode: turn };
};
/** Adds its mark when encoding and demands it when decoding, so that a wrong order shows. */
const marking = (mark: number): PayloadCodec => ({
  encode: (payloads) =>
    Promise.resolve(payloads.map(({ metadata, data }) => ({ metadata, data: Buffer.concat([data, Buffer.of(mark)]) }))),
  decode: (payloads) =>
    Promise.resolve(
      payloads.map(({ metadata, data }) => {
        if (data.at(-1) !== mark) throw new Error(`mark ${String(mark)} is missing`);
        return { metadata, data: data.subarray(0, -1) };
      }),
    ),
});

test('without codecs conversions answer at once', () => {
  const converter = loadDataConverter();
  const payloads = valuesToPayloads(converter, [1, 'two', undefined]);
  expect(payloads).not.toBeInstanceOf(Promise);
  expect(payloadsToValues(converter, payloads as readonly Payload[])).toEqual([1, 'two', undefined]);
});

test('codecs change every payload on its way and are undone in reverse order', async () => {
  const converter = loadDataConverter({ payloadCodecs: [marking(1), flip(0x55), marking(2)] });
  const payloads = await valuesToPayloads(converter, [{ card: '4242' }, new Uint8Array([1])]);
  expect(Buffer.from(payloads[0]?.data ?? []).toString()).not.toContain('4242');
  expect(await payloadsToValues(converter, payloads)).toEqual([{ card: '4242' }, new Uint8Array([1])]);
});

test('codecs reach the details in a chain of causes', async () => {
  const converter = loadDataConverter({ payloadCodecs: [flip(0x55)] });
  const cause = ApplicationFailure.create({ message: 'inner', details: ['secret'] });
  const failure = await errorToFailure(
    converter,
    ApplicationFailure.create({ message: 'outer', details: ['secret'], cause }),
  );
  const asText = (at: typeof failure | undefined): string =>
    at?.info.type === 'application' ? Buffer.from(at.info.details[0]?.data ?? []).toString() : '';
  expect([asText(failure), asText(failure.cause)]).not.toContain('"secret"');

  const arrived = await failureToError(converter, failure);
  expect(arrived).toMatchObject({ message: 'outer', details: ['secret'] });
  expect(arrived.cause).toMatchObject({ message: 'inner', details: ['secret'] });
});
