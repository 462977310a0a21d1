import type { Log } from '@ratchet/kafka';
import type { CodecLog } from '@ratchet/schemas';

/** The codec's way to log, over ours. */
export const codecLogOf = (log: Log): CodecLog => ({
  info: (fields, message) => {
    log('info', message, { ...fields });
  },
  warn: (fields, message) => {
    log('warn', message, { ...fields });
  },
});
