import { deflateRawSync } from 'node:zlib';

const base64Of = (text: string): string => Buffer.from(text).toString('base64');

const knownToEveryone = 'for development only, known to everyone';

/** Where nothing else is set in development. Whoever reads this has them. */
export const developmentSecrets = {
  token: `a secret ${knownToEveryone}`,
  callback: `whsec_${base64Of(knownToEveryone)}`,
} as const;

/** What people make secrets of. What is left of one without these must say enough. */
const words =
  'password passphrase passw pass secret changeme change please default example sample administrator admin root user testing test ' +
  'token key api ratchet kafka temporal production prod development staging localhost local welcome letmein monkey dragon master ' +
  'hello world login guest qwerty qwertz asdfgh abcdef super very long safe secure strong random string replace insert here your ' +
  'this that with some value todo foobar lorem ipsum dolor the and not for least characters character bytes';
const guessed = new RegExp(words.split(' ').join('|'), 'g');
const countedUp = /0?123(?:4(?:5(?:6(?:7(?:890?)?)?)?)?)?|(?:19|20)\d\d/g;
/** How letters are disguised. */
const signs: Readonly<Record<string, string>> = { '@': 'a', '4': 'a', '3': 'e', '1': 'i', '0': 'o', $: 's', '5': 's' };
const lettersLeftMin = 16;

function isMadeOfWords(secret: string): boolean {
  const plain = secret
    .toLowerCase()
    .replaceAll(countedUp, '')
    .replaceAll(/[@$]|\d/g, (sign) => signs[sign] ?? sign);
  return spelt(plain.replaceAll(guessed, '')).length < lettersLeftMin;
}

/** 24 random bytes do not get shorter than 26, 32 random digits than 27; the letters of the alphabet, twice, than 21. */
const compressedBytesMin = 22;

/**
 * Why a secret must not protect anything, completing "a secret that"; nothing when no reason is seen.
 *
 * It is guessed where it says little: it repeats itself, counts up or down, or is made of words that people make secrets of.
 */
export function weaknessOf(secret: string | Uint8Array): string | undefined {
  const bytes = Buffer.from(secret);
  if (isPublished(bytes)) return 'is published';
  const steps = bytes.map((byte, index) => byte - (bytes[index - 1] ?? 0));
  if (typeof secret === 'string' && isMadeOfWords(secret))
    return 'is easily guessed: it is made of words that everyone tries';
  const saysLittle = [bytes, steps].some((each) => deflateRawSync(each, { level: 9 }).length < compressedBytesMin);
  return saysLittle ? 'is easily guessed: it repeats itself or counts' : undefined;
}

/** The bytes of a secret as Standard Webhooks writes it: `whsec_` and base64. */
export const webhookSecretBytes = (secret: string): Buffer => Buffer.from(secret.replace(/^whsec_/, ''), 'base64');

/** Letters and digits alone: one that is known stays known with other spaces, signs or capitals, or something around it. */
const spelt = (text: string): string => text.toLowerCase().replaceAll(/[^\p{L}\p{N}]/gu, '');

/** Ours, and the example that Standard Webhooks has. */
const published = [knownToEveryone, base64Of(knownToEveryone), 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'].map(spelt);

const isPublished = (bytes: Buffer): boolean =>
  [bytes.toString('utf8'), bytes.toString('base64')].some((text) =>
    published.some((known) => spelt(text).includes(known)),
  );
