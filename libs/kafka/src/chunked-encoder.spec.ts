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
// A class of its own, so that kafkajs's stays as it is.
class Copy extends Own {}
const Chunked = chunkedEncoder(Copy) as WritingClass;

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
        return [...asked, within.buffer, whole.buffer, whole.size()];
      });
      expect(chunked).toEqual(own);
    }),
    // Such large values take minutes to shrink.
    { endOnFailure: true },
  );
});

test('an encoder is one for kafkajs, which looks for its class', () => {
  expect(new Chunked()).toBeInstanceOf(Copy);
  expect(new Copy()).toBeInstanceOf(Chunked);
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
