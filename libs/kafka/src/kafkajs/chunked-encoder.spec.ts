import { createRequire } from 'node:module';
import fc from 'fast-check';
import { chunkedEncoder, type Encoder } from './chunked-encoder.ts';

interface WritingEncoder extends Encoder {
  writeString(value: string): WritingEncoder;
}
interface WritingClass {
  new (): WritingEncoder;
  readonly prototype: WritingEncoder;
}

const Own = createRequire(import.meta.url)('kafkajs/src/protocol/encoder.js') as WritingClass;
const ownBefore = new Own().writeInt32(1).buffer;
const Chunked = chunkedEncoder(Own) as WritingClass;

const part = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 600, size: 'max' }),
  fc.uint8Array({ maxLength: 3000, size: 'max' }),
);

function encoded(Class: WritingClass, parts: readonly (number | string | Uint8Array)[]): WritingEncoder {
  const encoder = new Class();
  write(encoder, parts);
  return encoder;
}

function write(encoder: WritingEncoder, parts: readonly (number | string | Uint8Array)[]): void {
  for (const each of parts) {
    if (typeof each === 'number') encoder.writeInt32(each);
    else if (typeof each === 'string')
      encoder.writeString(each).writeBytes(each).writeBytes(null).writeBytes(undefined);
    else encoder.writeBytes(Buffer.from(each));
  }
}

/** Jest compares buffers byte by byte. */
const asText = (value: Buffer | number): string =>
  typeof value === 'number' ? String(value) : value.toString('base64');

test('the bytes are those that kafkajs encodes', () => {
  fc.assert(
    fc.property(fc.array(part), fc.array(part), fc.array(part), (inner, outer, after) => {
      const [own, chunked] = [Own, Chunked].map((Class) => {
        const within = encoded(Class, inner);
        const whole = encoded(Class, outer);
        whole.writeEncoder(within);
        // What has been asked for its bytes goes on being written, and so does what was written into another.
        const asked = [within.buffer, whole.buffer, whole.size()];
        for (const encoder of [within, whole]) write(encoder, after);
        return [...asked, within.buffer, whole.buffer, whole.size()].map(asText);
      });
      expect(chunked).toEqual(own);
    }),
    // Such large values take minutes to shrink.
    { numRuns: 25, endOnFailure: true },
  );
});

test('kafkajs has an encoder in it, and its own stays as it is', () => {
  expect(new Chunked()).toBeInstanceOf(Own);
  expect(new Own().writeInt32(1).buffer).toEqual(ownBefore);
  expect(new Own()).not.toHaveProperty('chunks');
  expect(new Own().writeEncoder(new Chunked().writeInt32(1)).buffer).toEqual(ownBefore);
});

test('what is no encoder is refused as kafkajs refuses it', () => {
  for (const value of [null, undefined, {}, Buffer.from('bytes')]) {
    const refused = [Own, Chunked].map((Class) => messageOf(() => new Class().writeEncoder(value)));
    expect(refused).toEqual(Array(2).fill('value should be an instance of Encoder'));
  }
});

function messageOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  return 'nothing was thrown';
}
