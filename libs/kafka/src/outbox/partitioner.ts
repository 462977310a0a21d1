const seed = 0x9747b28c | 0;
const mixer = 0x5bd1e995;

/** MurmurHash2, 32 bits, as `org.apache.kafka.common.utils.Utils.murmur2` computes it. */
export function murmur2(bytes: Uint8Array): number {
  const { length } = bytes;
  const tail = length & ~3;
  let hash = seed ^ length;
  for (let index = 0; index < tail; index += 4) {
    let word = byteAt(bytes, index) | (byteAt(bytes, index + 1) << 8);
    word |= (byteAt(bytes, index + 2) << 16) | (byteAt(bytes, index + 3) << 24);
    word = Math.imul(word, mixer);
    word ^= word >>> 24;
    hash = Math.imul(hash, mixer) ^ Math.imul(word, mixer);
  }
  if (length > tail) {
    for (let index = length - 1; index >= tail; index--) hash ^= byteAt(bytes, index) << (8 * (index - tail));
    hash = Math.imul(hash, mixer);
  }
  hash ^= hash >>> 13;
  hash = Math.imul(hash, mixer);
  return hash ^ (hash >>> 15);
}

const byteAt = (bytes: Uint8Array, index: number): number => bytes[index] ?? 0;

/** Keys are short, so their bytes are written into one buffer instead of a new one each. */
const scratch = Buffer.allocUnsafe(4096);

/**
 * The partition of a key, as Kafka's Java client chooses it.
 *
 * @param partitions how many the topic has.
 * @param turns how often the record went elsewhere before: each turn is another partition than the last one, and as many
 * turns as there are partitions come to each of them once.
 */
export function partitionFor(key: string, partitions: number, turns = 0): number {
  // A UTF-16 code unit takes at most three bytes in UTF-8.
  const bytes =
    key.length * 3 <= scratch.length ? scratch.subarray(0, scratch.write(key, 'utf8')) : Buffer.from(key, 'utf8');
  const hash = murmur2(bytes) & 0x7fffffff;
  return turns === 0 ? hash % partitions : (hash + turns * strideOf(partitions)) % partitions;
}

/**
 * Of numbers without a common factor with the count the nearest to the golden section of it: neither neighbours nor every
 * other partition follow each other, so that the next one is likely to have another reader, however they are shared out.
 */
function strideOf(partitions: number): number {
  const golden = Math.max(1, Math.round(partitions * 0.618));
  for (let stride = golden; ; stride++) if (commonFactor(stride, partitions) === 1) return stride;
}

const commonFactor = (one: number, other: number): number => (other === 0 ? one : commonFactor(other, one % other));
