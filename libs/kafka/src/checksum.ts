import { createRequire } from 'node:module';
import { crc32c } from '@node-rs/crc32';

const require = createRequire(import.meta.url);
const kafkajsChecksum = 'kafkajs/src/protocol/recordBatch/crc32C';

/**
 * Trap: kafkajs computes the checksum of every batch it sends byte by byte in JavaScript, a tenth of what a busy
 * producer does. The same function in native code is twelve times as fast, so it takes the place of kafkajs's own
 * before the modules that use it are loaded. Where that is not possible, kafkajs's own serves as well.
 */
function useNativeChecksum(): void {
  require(kafkajsChecksum);
  const module = require.cache[require.resolve(kafkajsChecksum)];
  if (module !== undefined) module.exports = crc32c;
}

useNativeChecksum();
