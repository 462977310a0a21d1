import { epochMillis } from '@ratchet/domain';
import {
  attemptOf,
  createTokenSigner,
  decodeTaskToken,
  TaskTokenError,
  type TaskToken,
  type TokenKey,
} from './task-token.ts';

const signer = createTokenSigner('a secret of the cluster');
const token: TaskToken = {
  id: { namespace: 'default', workflowId: '', runId: '0b9b9c0e-6f43-4ae8-9f0b-0c8d51f7a0e2', activityId: 'charge/42' },
  scheduleOffset: 5_000_000_000,
  attempt: 3,
  stamp: 7,
};

const reasonOf = (read: () => unknown): string => {
  try {
    read();
  } catch (error) {
    if (error instanceof TaskTokenError) return error.reason;
    throw error;
  }
  return 'none';
};

const flipped = (bytes: Uint8Array, at: number): Uint8Array => bytes.with(at, (bytes.at(at) ?? 0) ^ 1);

describe('a task token', () => {
  test.each<{ given: string; value: TaskToken }>([
    { given: 'a standalone activity', value: token },
    { given: 'an activity of a workflow', value: { ...token, id: { ...token.id, workflowId: 'order-7' } } },
    { given: 'ids beyond ASCII', value: { ...token, id: { ...token.id, activityId: 'Zahlung-€-💶' } } },
    { given: 'the largest offset', value: { ...token, scheduleOffset: Number.MAX_SAFE_INTEGER } },
    { given: 'zeros', value: { ...token, scheduleOffset: 0, attempt: 0, stamp: 0 } },
  ])('says what was signed: $given', ({ value }) => {
    const bytes = signer.sign(value);
    expect(signer.verify(bytes)).toMatchObject(value);
    expect(decodeTaskToken(bytes)).toMatchObject(value);
    expect(signer.verify(new Uint8Array(bytes))).toMatchObject(value);
  });

  test('is short: the ids, and 29 bytes around them at most', () => {
    const { namespace, runId, activityId } = token.id;
    expect(signer.sign(token).byteLength).toBeLessThanOrEqual(namespace.length + runId.length + activityId.length + 29);
  });

  const bytes = signer.sign(token);
  test.each<{ given: string; read: () => unknown; reason: TaskTokenError['reason'] }>([
    { given: 'empty', read: () => signer.verify(new Uint8Array()), reason: 'missing' },
    { given: 'empty, unverified', read: () => decodeTaskToken(new Uint8Array()), reason: 'missing' },
    { given: 'text', read: () => signer.verify(Buffer.from('not a token')), reason: 'undecodable' },
    { given: 'another version', read: () => signer.verify(bytes.with(0, 9)), reason: 'undecodable' },
    { given: 'cut', read: () => signer.verify(bytes.subarray(0, 40)), reason: 'undecodable' },
    {
      given: 'one byte too long',
      read: () => signer.verify(Buffer.concat([bytes, Buffer.of(0)])),
      reason: 'undecodable',
    },
    { given: 'another namespace', read: () => signer.verify(flipped(bytes, 3)), reason: 'bad-signature' },
    {
      given: 'another signature',
      read: () => signer.verify(flipped(bytes, -1 + bytes.length)),
      reason: 'bad-signature',
    },
    { given: 'another secret', read: () => createTokenSigner('other').verify(bytes), reason: 'bad-signature' },
  ])('is refused when it is $given', ({ read, reason }) => {
    expect(reasonOf(read)).toBe(reason);
  });

  describe('under changing keys', () => {
    const march = { id: 'march', secret: 'the key of march' };
    const april = { id: 'april', secret: 'the key of april' };
    const ofMarch = createTokenSigner([march]).sign(token);

    test.each<{ then: string; keys: readonly TokenKey[]; reason: string }>([
      { then: 'is accepted where its key verifies only', keys: [april, march], reason: 'none' },
      { then: 'is refused once its key is gone', keys: [april], reason: 'bad-signature' },
      {
        then: 'is refused by a key of the same name',
        keys: [{ ...march, secret: 'of another cluster' }],
        reason: 'bad-signature',
      },
      {
        then: 'is refused by the same secret under another name',
        keys: [{ ...march, id: '' }],
        reason: 'bad-signature',
      },
    ])('it $then', ({ keys, reason }) => {
      expect(reasonOf(() => createTokenSigner(keys).verify(ofMarch))).toBe(reason);
    });

    test('the first key signs', () => {
      const bytes = createTokenSigner([april, march]).sign(token);
      expect(reasonOf(() => createTokenSigner([april]).verify(bytes))).toBe('none');
    });

    test('two keys of one name, or none at all, are a mistake', () => {
      expect(() => createTokenSigner([march, { ...april, id: 'march' }])).toThrow(/two have the same/);
      expect(() => createTokenSigner([])).toThrow(/there is none/);
      const signing = createTokenSigner([march]);
      expect(() => signing.prepare([])).toThrow(/there is none/);
      expect(signing.verify(signing.sign(token))).toMatchObject(token);
    });

    test('keys can be changed while they are used', () => {
      const signing = createTokenSigner([march]);
      const former = signing.sign(token);
      signing.prepare([april, march])();
      expect(signing.verify(former)).toMatchObject(token);
      expect(createTokenSigner([april]).verify(signing.sign(token))).toMatchObject(token);
      signing.prepare([april])();
      expect(reasonOf(() => signing.verify(former))).toBe('bad-signature');
      expect(() => signing.prepare([march, { ...april, secret: march.secret }])).toThrow(/none does/);
    });
  });

  test('is refused with the messages of the reference', () => {
    expect(() => signer.verify(new Uint8Array())).toThrow('Task token not set on request.');
    expect(() => signer.verify(Buffer.from('x'))).toThrow('Error deserializing task token.');
  });
});

describe('the proof of a token', () => {
  const { proof } = decodeTaskToken(signer.sign(token));
  const march = { id: 'march', secret: 'the key of march' };
  const april = { id: 'april', secret: 'the key of april' };

  test('is valid for what the token says, with nothing else of the token at hand', () => {
    expect(attemptOf({ ...token, ...(proof && { proof }) })).toMatchObject({ by: 'token', stamp: 7, proof });
    expect(signer.verifyAttempt(token, proof)).toBe('valid');
    expect(signer.verify(signer.sign(token)).proof).toEqual(proof);
  });

  test.each<{ given: string; attempt?: TaskToken; proof: Uint8Array | undefined }>([
    { given: 'none', proof: undefined },
    { given: 'an empty one', proof: new Uint8Array() },
    { given: 'one that is cut', proof: proof?.subarray(0, -1) },
    { given: 'one that goes on', proof: Buffer.concat([proof ?? Buffer.of(), Buffer.of(0)]) },
    { given: 'one whose key id is longer than it is', proof: proof?.with(0, 0x7f) },
    { given: 'a signature of another secret', proof: decodeTaskToken(createTokenSigner('other').sign(token)).proof },
    { given: 'another stamp', attempt: { ...token, stamp: 8 }, proof },
    { given: 'another activity', attempt: { ...token, id: { ...token.id, activityId: 'charge/43' } }, proof },
    { given: 'a negative number', attempt: { ...token, attempt: -3 }, proof },
    { given: 'a number that is none', attempt: { ...token, stamp: Number.NaN }, proof },
    {
      given: 'the proof of a forwarding',
      proof: signer.signForwarding({ partition: 0, offset: 1, index: 2, appendedAt: epochMillis(3) }),
    },
  ])('is invalid: $given', ({ attempt = token, proof: given }) => {
    expect(signer.verifyAttempt(attempt, given)).toBe('invalid');
  });

  test('under a key that is gone nobody can tell', () => {
    const signing = createTokenSigner([march]);
    const ofMarch = decodeTaskToken(signing.sign(token)).proof;
    signing.prepare([april, march])();
    expect(signing.keyIds).toEqual(['april', 'march']);
    expect(signing.verifyAttempt(token, ofMarch)).toBe('valid');
    signing.prepare([april])();
    expect(signing.keyIds).toEqual(['april']);
    expect(signing.verifyAttempt(token, ofMarch)).toEqual({ unknownKey: 'march' });
  });

  test('of a forwarding is valid for its place and no other', () => {
    const place = { partition: 3, offset: 5_000_000_000, index: 999, appendedAt: epochMillis(1_700_000_000_000) };
    const given = signer.signForwarding(place);
    expect(signer.verifyForwarding(place, given)).toBe('valid');
    for (const field of ['partition', 'offset', 'index', 'appendedAt'] as const) {
      expect(signer.verifyForwarding({ ...place, [field]: place[field] + 1 }, given)).toBe('invalid');
    }
    expect(signer.verifyForwarding({ ...place, offset: -1 }, given)).toBe('invalid');
    expect(signer.verifyForwarding(place, undefined)).toBe('invalid');
    expect(createTokenSigner('other').verifyForwarding(place, given)).toBe('invalid');
  });
});
