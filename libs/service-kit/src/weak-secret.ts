import { deflateRawSync } from 'node:zlib';

/** Where nothing else is set in development. Whoever reads this has them. */
export const developmentSecrets = {
  token: 'a secret for development only, known to everyone',
  callback: `whsec_${Buffer.from('for development only, known to everyone').toString('base64')}`,
} as const;

/** 24 random bytes do not get shorter than 26, 32 random digits than 27; the letters of the alphabet, twice, than 21. */
const compressedBytesMin = 22;

/**
 * Why a secret must not protect anything, completing "a secret that"; nothing when no reason is seen.
 *
 * It is guessed where it says little: it repeats itself, or counts up or down.
 */
export function weaknessOf(secret: string | Uint8Array): string | undefined {
  const bytes = Buffer.from(secret);
  if (published.some((known) => known.equals(bytes))) return 'is published with Ratchet';
  const steps = bytes.map((byte, index) => byte - (bytes[index - 1] ?? 0));
  const saysLittle = [bytes, steps].some((each) => deflateRawSync(each, { level: 9 }).length < compressedBytesMin);
  return saysLittle ? 'is easily guessed: it repeats itself or counts' : undefined;
}

/** The bytes of a secret as Standard Webhooks writes it: `whsec_` and base64. */
export const webhookSecretBytes = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');

const published = [Buffer.from(developmentSecrets.token), webhookSecretBytes(developmentSecrets.callback)];
