import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Payload, PayloadCodec } from '@ratchet/client';

const encoding = Buffer.from('binary/encrypted');

/** Kafka, the services and whoever reads the topics see what is asked for and its result encrypted. */
export function encryption(key: Uint8Array): PayloadCodec {
  return {
    encode: (payloads) => Promise.resolve(payloads.map((payload) => encrypted(key, payload))),
    decode: (payloads) => Promise.resolve(payloads.map((payload) => decrypted(key, payload))),
  };
}

function encrypted(key: Uint8Array, { metadata, data }: Payload): Payload {
  const iv = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, iv);
  const bytes = Buffer.concat([cipher.update(data), cipher.final()]);
  const inner = metadata['encoding'] ?? new Uint8Array();
  return { metadata: { encoding, inner, iv, tag: cipher.getAuthTag() }, data: bytes };
}

function decrypted(key: Uint8Array, payload: Payload): Payload {
  const { encoding: outer, inner, iv, tag } = payload.metadata;
  if (outer === undefined || !encoding.equals(outer) || !inner || !iv || !tag) return payload;
  const decipher = createDecipheriv('aes-256-gcm', key, iv).setAuthTag(tag);
  return { metadata: { encoding: inner }, data: Buffer.concat([decipher.update(payload.data), decipher.final()]) };
}
