import type { Random } from '@ratchet/testing';

/** Bytes as a bad line, or a bad sender, leaves them: flipped, cut, doubled, put in between, replaced. */
export function damaged(random: Random, bytes: Uint8Array): Uint8Array {
  let left = bytes;
  for (let count = 1 + random.int(4); count > 0; count--) left = damagedOnce(random, left);
  return left;
}

function damagedOnce(random: Random, bytes: Uint8Array): Uint8Array {
  const at = random.int(bytes.length + 1);
  switch (random.int(5)) {
    case 0:
      return bytes.map((byte, index) => (index === at ? byte ^ (1 << random.int(8)) : byte));
    case 1:
      return bytes.slice(0, at);
    case 2:
      return joined(bytes.slice(0, at), random.bytes(12), bytes.slice(at));
    case 3:
      return joined(bytes, bytes.slice(at));
    default:
      return joined(bytes.slice(0, at), random.bytes(6), bytes.slice(at + random.int(8)));
  }
}

const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
