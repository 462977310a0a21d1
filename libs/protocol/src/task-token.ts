import { createHmac, createSecretKey, scrypt, timingSafeEqual, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { AttemptReference, EpochMillis, ExecutionId, Offset } from '@ratchet/domain';

/** What a task token says: one attempt of one life of one execution. */
export interface TaskToken {
  readonly id: ExecutionId;
  /** Offset of the Schedule: a former life of the same id has another. */
  readonly scheduleOffset: Offset;
  readonly attempt: number;
  /** Changes with every attempt, reset, pause and re-dispatch. */
  readonly stamp: number;
  /** Key id and signature, for who has no token at hand but what it says: see `ProofVerifier`. */
  readonly proof?: Uint8Array;
}

/** Of which record of `cancellations`, and which command of it, the cancellation service made a command. */
export interface ForwardedPlace {
  readonly partition: number;
  readonly offset: Offset;
  readonly index: number;
  readonly appendedAt: EpochMillis;
}

/** `unknownKey`: nobody can tell, for there is no key of that id. */
export type ProofVerdict = 'valid' | 'invalid' | { readonly unknownKey: string };

/** Tells whether what a command says of itself was signed with one of the keys. */
export interface ProofVerifier {
  /** Of the keys that proofs are verified with. */
  readonly keyIds: readonly string[];
  verifyAttempt(attempt: TaskToken, proof: Uint8Array | undefined): ProofVerdict;
  verifyForwarding(place: ForwardedPlace, proof: Uint8Array | undefined): ProofVerdict;
}

/** A token that names no attempt. The messages are the reference's (semantics 2.4). */
export class TaskTokenError extends Error {
  override readonly name = 'TaskTokenError';
  readonly reason: 'missing' | 'undecodable' | 'bad-signature' | 'other-namespace';

  constructor(reason: 'missing' | 'undecodable' | 'bad-signature' | 'other-namespace', message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface TaskTokenVerifier {
  /** @throws TaskTokenError when the token is empty, cannot be read, or was not signed with one of the keys. */
  verify(bytes: Uint8Array): TaskToken;
}

export interface TaskTokenSigner extends TaskTokenVerifier, ProofVerifier {
  sign(token: TaskToken): Uint8Array;
  /** @returns the proof. */
  signForwarding(place: ForwardedPlace): Uint8Array;
  /**
   * @returns what signs and verifies with these keys from then on.
   * @throws Error as `createTokenSigner`, and when no key stays: every token that is out would be refused.
   */
  prepare(keys: TokenKeys): () => void;
}

/** A secret and the name that tokens know it by. */
export interface TokenKey {
  /** Stands in the token in clear. */
  readonly id: string;
  readonly secret: string | Uint8Array;
}

/** The first one signs, all verify. A lone secret is a key without a name. */
export type TokenKeys = string | Uint8Array | readonly TokenKey[];

interface KeyRing {
  readonly signing: { readonly id: string; readonly key: KeyObject };
  readonly byId: ReadonlyMap<string, KeyObject>;
}

const formatVersion = 2;
/** The first byte of what is signed of a forwarding: never that of a token. */
const forwardingVersion = 3;
/** Half of an HMAC-SHA256: 128 bits cannot be guessed, and a token stays short. */
const signatureBytes = 16;

/** How an attempt is named in a command that carries a token. */
export const attemptOf = ({ scheduleOffset, attempt, stamp, proof }: TaskToken): AttemptReference => ({
  by: 'token',
  scheduleOffset,
  attempt,
  stamp,
  ...(proof === undefined ? {} : { proof }),
});

/**
 * Signs task tokens with the first key and verifies them with all, so that keys can be changed while tokens are out: a
 * new key is first added behind the old one everywhere, then put before it, and the old one goes when no attempt that
 * began under it can still run.
 *
 * Layout: version (1 byte); key id, namespace, workflow id, run id, activity id, each as byte length and UTF-8; offset
 * of the Schedule, attempt, stamp; all numbers as LEB128. Then the first 16 bytes of HMAC-SHA256 over what stands before.
 *
 * A signature is compared in constant time and under an unknown key id too, so that the time a refusal takes tells
 * nothing of the keys.
 *
 * @throws Error when there is no key, or two have the same id.
 */
export function createTokenSigner(given: TokenKeys): TaskTokenSigner {
  let ring = keyRing(given);
  return {
    sign: (token) => {
      const { id, key } = ring.signing;
      const body = encodeBody(id, token);
      return Buffer.concat([body, signature(key, body)]);
    },
    verify: (bytes) => {
      const { keyId, token } = decode(bytes);
      const bodyBytes = bytes.byteLength - signatureBytes;
      if (judge(ring, keyId, bytes.subarray(0, bodyBytes), bytes.subarray(bodyBytes)) !== 'valid') {
        throw new TaskTokenError('bad-signature', 'Error deserializing task token. The signature does not match.');
      }
      return token;
    },
    get keyIds() {
      return [...ring.byId.keys()];
    },
    verifyAttempt: (attempt, proof) => {
      const { scheduleOffset, attempt: count, stamp } = attempt;
      if (proof === undefined || ![scheduleOffset, count, stamp].every(isCount)) return 'invalid';
      return judgeProof(ring, proof, (keyId) => encodeBody(keyId, attempt));
    },
    signForwarding: (place) => {
      const { id, key } = ring.signing;
      return encodeProof(id, signature(key, encodeForwarding(id, place)));
    },
    verifyForwarding: (place, proof) => {
      if (proof === undefined || !Object.values(place).every(isCount)) return 'invalid';
      return judgeProof(ring, proof, (keyId) => encodeForwarding(keyId, place));
    },
    prepare: (keys) => {
      const next = keyRing(keys);
      const stays = [...next.byId].some(([id, key]) => ring.byId.get(id)?.equals(key) === true);
      if (!stays) throw new Error('Expected one of the token keys in use to stay beside new ones, but none does');
      return () => {
        ring = next;
      };
    },
  };
}

const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;

function judgeProof(ring: KeyRing, proof: Uint8Array, bodyOf: (keyId: string) => Uint8Array): ProofVerdict {
  try {
    const reader = new TokenReader(proof, proof.byteLength - signatureBytes);
    const keyId = reader.text();
    reader.end();
    return judge(ring, keyId, bodyOf(keyId), proof.subarray(proof.byteLength - signatureBytes));
  } catch (error) {
    if (error instanceof TaskTokenError) return 'invalid';
    throw error;
  }
}

function judge(ring: KeyRing, keyId: string, body: Uint8Array, given: Uint8Array): ProofVerdict {
  const key = ring.byId.get(keyId);
  const isSigned = timingSafeEqual(signature(key ?? ring.signing.key, body), given);
  if (key === undefined) return { unknownKey: keyId };
  return isSigned ? 'valid' : 'invalid';
}

function keyRing(keys: TokenKeys): KeyRing {
  const all: readonly TokenKey[] =
    typeof keys === 'string' || keys instanceof Uint8Array ? [{ id: '', secret: keys }] : keys;
  const [first] = all;
  if (first === undefined) throw new Error('Expected a key to sign task tokens with, but there is none');
  const byId = new Map(all.map((key) => [key.id, secretKeyOf(key)]));
  if (byId.size < all.length) throw new Error('Expected token keys to have an id each, but two have the same');
  return { signing: { id: first.id, key: secretKeyOf(first) }, byId };
}

/**
 * By what a key may be told apart from others where everyone can read it. It is costly to compute, so that trying secrets
 * is, too; and it names the key's id, since a token under another id is refused.
 */
export const tokenKeyFingerprint = async ({ id, secret }: TokenKey): Promise<string> =>
  (await derive(secret, `ratchet token key ${id}`, fingerprintBytes)).toString('hex');

const derive = promisify<string | Uint8Array, string, number, Buffer>(scrypt);
const fingerprintBytes = 8;

const secretKeyOf = ({ secret }: TokenKey): KeyObject =>
  createSecretKey(typeof secret === 'string' ? Buffer.from(secret, 'utf8') : Buffer.from(secret));

/**
 * Reads a token without asking who signed it: for clients and workers, which hold no secret. Whether the attempt is
 * current is settled by the log, never by the token alone.
 *
 * @throws TaskTokenError when the token is empty or cannot be read.
 */
export const decodeTaskToken = (bytes: Uint8Array): TaskToken => decode(bytes).token;

function decode(bytes: Uint8Array): { readonly keyId: string; readonly token: TaskToken } {
  if (bytes.byteLength === 0) throw new TaskTokenError('missing', 'Task token not set on request.');
  const reader = new TokenReader(bytes, bytes.byteLength - signatureBytes);
  if (reader.byte() !== formatVersion) throw undecodable();
  const keyId = reader.text();
  const id = {
    namespace: reader.text(),
    workflowId: reader.text(),
    runId: reader.text(),
    activityId: reader.text(),
  };
  const numbers = { scheduleOffset: reader.number(), attempt: reader.number(), stamp: reader.number() };
  reader.end();
  const proof = encodeProof(keyId, bytes.subarray(bytes.byteLength - signatureBytes));
  return { keyId, token: { id, ...numbers, proof } };
}

const undecodable = (): TaskTokenError => new TaskTokenError('undecodable', 'Error deserializing task token.');

const signature = (key: KeyObject, body: Uint8Array): Buffer =>
  createHmac('sha256', key).update(body).digest().subarray(0, signatureBytes);

const encodeBody = (keyId: string, { id, scheduleOffset, attempt, stamp }: TaskToken): Buffer =>
  encodeParts(
    formatVersion,
    [keyId, id.namespace, id.workflowId, id.runId, id.activityId],
    [scheduleOffset, attempt, stamp],
  );

const encodeForwarding = (keyId: string, { partition, offset, index, appendedAt }: ForwardedPlace): Buffer =>
  encodeParts(forwardingVersion, [keyId], [partition, offset, index, appendedAt]);

function encodeParts(version: number, texts: readonly string[], numbers: readonly number[]): Buffer {
  // Three bytes of UTF-8 for a UTF-16 unit at most, five of length; eight for a number, 1 for the version.
  const bytesMax = texts.reduce((sum, text) => sum + text.length * 3 + 5, 1 + 8 * numbers.length);
  const parts = Buffer.allocUnsafe(bytesMax);
  parts[0] = version;
  let end = 1;
  for (const text of texts) end = writeText(parts, end, text);
  for (const number of numbers) end = writeNumber(parts, end, number);
  return parts.subarray(0, end);
}

/** Layout: key id as byte length and UTF-8, signature. */
function encodeProof(keyId: string, signed: Uint8Array): Buffer {
  const proof = Buffer.allocUnsafe(keyId.length * 3 + 5 + signatureBytes);
  const end = writeText(proof, 0, keyId);
  proof.set(signed, end);
  return proof.subarray(0, end + signatureBytes);
}

function writeText(into: Buffer, start: number, text: string): number {
  const end = writeNumber(into, start, Buffer.byteLength(text));
  return end + into.write(text, end, 'utf8');
}

// By arithmetic, not by bits: an offset may be larger than 32 bits.
function writeNumber(into: Buffer, start: number, value: number): number {
  let at = start;
  let rest = value;
  while (rest >= 0x80) {
    into[at++] = (rest % 0x80) + 0x80;
    rest = Math.floor(rest / 0x80);
  }
  into[at++] = rest;
  return at;
}

/** Reads what `encodeBody` wrote; anything else is undecodable. */
class TokenReader {
  readonly #bytes: Buffer;
  readonly #end: number;
  #at = 0;

  constructor(bytes: Uint8Array, end: number) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = end;
  }

  byte(): number {
    const value = this.#at < this.#end ? this.#bytes[this.#at] : undefined;
    if (value === undefined) throw undecodable();
    this.#at++;
    return value;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 0x80) {
      const byte = this.byte();
      value += (byte % 0x80) * scale;
      if (!Number.isSafeInteger(value)) throw undecodable();
      if (byte < 0x80) return value;
    }
  }

  text(): string {
    const length = this.number();
    const start = this.#at;
    if (length > this.#end - start) throw undecodable();
    this.#at = start + length;
    return this.#bytes.toString('utf8', start, this.#at);
  }

  end(): void {
    if (this.#at !== this.#end) throw undecodable();
  }
}
