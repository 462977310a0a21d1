import type { Log } from '@ratchet/kafka';

/**
 * What a connection says is no news to who runs a worker or a client, unless something is wrong; and what kafkajs says to
 * itself ("may invalidate EoS guarantees") is for nobody.
 */
export const logOfConnection =
  (log: Log): Log =>
  (level, message, fields) => {
    if (level !== 'debug') log(level === 'info' ? 'debug' : level, message, fields);
  };
