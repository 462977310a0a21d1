import { createRequire } from 'node:module';
import fc from 'fast-check';
import { pooledEncoder, type Encoder } from './pooled-encoder.ts';

interface WritingEncoder extends Encoder {
  readonly buffer: Buffer;
  writeInt32(value: number): this;
  writeString(value: string): this;
  writeBytes(value: Buffer): this;
  writeEncoder(value: Encoder): this;
}
interface WritingClass {
  new (): WritingEncoder;
  readonly prototype: WritingEncoder;
}

const Own = createRequire(import.meta.url)('kafkajs/src/protocol/encoder.js') as WritingClass;
// A class of its own, so that kafkajs's stays as it is.
class Copy extends Own {}
const Pooled = pooledEncoder(Copy) as WritingClass;

const part = fc.oneof(
  fc.integer(),
  fc.string({ maxLength: 600, size: 'max' }),
  fc.uint8Array({ maxLength: 3000, size: 'max' }),
);

function encoded(Class: WritingClass, parts: readonly (number | string | Uint8Array)[]): WritingEncoder {
  const encoder = new Class();
  for (const each of parts) {
    if (typeof each === 'number') encoder.writeInt32(each);
    else if (typeof each === 'string') encoder.writeString(each);
    else encoder.writeBytes(Buffer.from(each));
  }
  return encoder;
}

test('the bytes are those that kafkajs encodes', () => {
  fc.assert(
    fc.property(fc.array(part), fc.array(part), (inner, outer) => {
      const [own, pooled] = [Own, Pooled].map((Class) => {
        const whole = encoded(Class, outer).writeEncoder(encoded(Class, inner));
        return whole.buffer;
      });
      expect(pooled?.equals(own ?? Buffer.alloc(0))).toBe(true);
    }),
    // Such large values take minutes to shrink.
    { endOnFailure: true },
  );
});

test('an encoder is one for kafkajs, which looks for its class', () => {
  expect(new Pooled()).toBeInstanceOf(Copy);
  expect(new Copy()).toBeInstanceOf(Pooled);
  expect(new Pooled().buf.buffer).toBe(new Pooled().buf.buffer);
});
