import { createRequire } from 'node:module';
import type { crc32c } from '@node-rs/crc32';
import { groupMessages } from './group-messages.ts';
import { chunkedEncoder, type EncoderClass } from './chunked-encoder.ts';
import { encodeRecord, type EncodedRecord, type RecordToEncode } from './record-encoder.ts';
import { TransientMap } from './transient-map.ts';

type RequestQueueClass = new (...options: unknown[]) => { inflight: unknown };
type Encode = (record: RecordToEncode) => EncodedRecord;

const load = createRequire(import.meta.url);
const source = 'kafkajs/src';

/**
 * Puts our own in the place of the five parts of kafkajs that a busy producer spends most of its time in. They
 * give the same results, which tests compare. It must happen before kafkajs is loaded, so this module comes first;
 * where that is not possible, kafkajs's own serve as well.
 */
function replaceSlowParts(): void {
  // Trap: kafkajs computes the checksum of every batch byte by byte in JavaScript. In native code: twelve times as fast.
  const native = nativeChecksum();
  if (native !== undefined) replace(`${source}/protocol/recordBatch/crc32C`, () => native);
  replace(`${source}/protocol/encoder.js`, (own) => chunkedEncoder(own as EncoderClass));
  replace(`${source}/network/requestQueue/index.js`, (own) => lettingGo(own as RequestQueueClass));
  replace(`${source}/producer/groupMessagesPerPartition.js`, () => groupMessages);
  replace(`${source}/protocol/recordBatch/record/v0/index.js`, (own): Encode => {
    return (record) => ((record.timestampDelta ?? 0) === 0 ? encodeRecord(record) : (own as Encode)(record));
  });
}

/** Every request and its answer would be kept until the next major garbage collection. */
const lettingGo = (own: RequestQueueClass): RequestQueueClass =>
  class RequestQueue extends own {
    constructor(...options: unknown[]) {
      super(...options);
      this.inflight = new TransientMap();
    }
  };

/** `undefined` where the package has no binary for the platform, or was installed without. */
function nativeChecksum(): typeof crc32c | undefined {
  try {
    return (load('@node-rs/crc32') as { readonly crc32c: typeof crc32c }).crc32c;
  } catch {
    return undefined;
  }
}

function replace(path: string, by: (own: unknown) => unknown): void {
  const own: unknown = load(path);
  const module = load.cache[load.resolve(path)];
  if (module !== undefined) module.exports = by(own);
}

replaceSlowParts();
