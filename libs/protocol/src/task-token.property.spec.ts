import fc from 'fast-check';
import { createTokenSigner, decodeTaskToken, TaskTokenError, type TaskToken } from './task-token.ts';

const signer = createTokenSigner('a secret of the cluster');
const text = fc.string({ unit: 'binary', maxLength: 60 });
const count = fc.oneof(fc.maxSafeNat(), fc.nat(300));
const tokens: fc.Arbitrary<TaskToken> = fc.record({
  id: fc.record({ namespace: text, workflowId: text, runId: text, activityId: text }),
  scheduleOffset: count,
  attempt: count,
  stamp: count,
});

test('every token says what was signed', () => {
  fc.assert(
    fc.property(tokens, (token) => {
      const bytes = signer.sign(token);
      expect(signer.verify(bytes)).toMatchObject(token);
      expect(decodeTaskToken(bytes)).toMatchObject(token);
    }),
  );
});

test('no token with a changed byte is accepted, nor one that was cut or lengthened', () => {
  const change = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }), cut: fc.nat(40), more: fc.nat(3) });
  fc.assert(
    fc.property(tokens, change, (token, { at, by, cut, more }) => {
      const bytes = signer.sign(token);
      const index = at % bytes.length;
      const changed = bytes.with(index, (bytes[index] ?? 0) ^ by);
      const wrong = [changed, bytes.subarray(0, -1 - cut), Buffer.concat([bytes, Buffer.alloc(more + 1)])];
      for (const one of wrong) expect(() => signer.verify(one)).toThrow(TaskTokenError);
    }),
  );
});

test('two tokens are never the same bytes', () => {
  fc.assert(
    fc.property(tokens, tokens, (one, other) => {
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      expect(Buffer.from(signer.sign(one)).equals(signer.sign(other))).toBe(false);
    }),
  );
});

test('a proof is valid for its token alone', () => {
  fc.assert(
    fc.property(tokens, tokens, fc.nat(), fc.integer({ min: 1, max: 255 }), (token, other, at, by) => {
      const { proof } = decodeTaskToken(signer.sign(token));
      if (proof === undefined) throw new Error('Expected a proof');
      expect(signer.verifyAttempt(token, proof)).toBe('valid');
      const changed = proof.with(at % proof.length, (proof[at % proof.length] ?? 0) ^ by);
      expect(signer.verifyAttempt(token, changed)).not.toBe('valid');
      fc.pre(JSON.stringify(token) !== JSON.stringify(other));
      expect(signer.verifyAttempt(other, proof)).toBe('invalid');
    }),
  );
});

test('no bytes are a proof by chance, nor end in an error', () => {
  fc.assert(
    fc.property(tokens, fc.uint8Array({ maxLength: 60 }), (token, bytes) => {
      expect(signer.verifyAttempt(token, bytes)).not.toBe('valid');
    }),
  );
});
