import { steadyNow } from './steady-date.ts';
import { TransientMap } from '../transient-map.ts';

interface WaitingRequest {
  readonly sentAt: number;
  readonly requestTimeout: number;
  timeoutRequest(): void;
}

/** The part of kafkajs's request queue that is mended here. */
interface RequestQueue {
  inflight: TransientMap<number, WaitingRequest>;
  readonly pending: readonly unknown[];
  readonly requestTimeout: number;
  readonly enforceRequestTimeout: boolean;
  readonly throttledUntil: number;
  requestTimeoutIntervalId: NodeJS.Timeout | null;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  isConnected(): boolean;
  destroy(): void;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
  scheduleRequestTimeoutCheck(): void;
}

export type RequestQueueClass = new (options: object) => RequestQueue;

/** How often waiting requests are looked at when nothing says when; kafkajs's own value. */
const pendingCheckIntervalMs = 10;
/** How often requests under way are looked at; kafkajs's own value. */
const timeoutCheckIntervalMs = 100;

/**
 * kafkajs's requests that wait for an answer of one broker.
 *
 * Traps in kafkajs's own: every request and its answer would be kept until the next major garbage collection (see
 * `TransientMap`); a timer is armed again after every answer although no request waits, with a negative delay, so that
 * each connection wakes the process a thousand times a second; and once a connection is being closed, what is still
 * under way on it is never timed out, so that whoever closes it waits for ever.
 */
export const mendedQueue = (own: RequestQueueClass): RequestQueueClass =>
  class extends own {
    constructor(options: object) {
      super(options);
      this.inflight = new TransientMap();
    }

    override scheduleCheckPendingRequests(): void {
      if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
      const throttledForMs = this.throttledUntil - steadyNow();
      this.throttleCheckTimeoutId = setTimeout(
        () => {
          this.throttleCheckTimeoutId = null;
          this.checkPendingRequests();
        },
        throttledForMs > 0 ? throttledForMs : pendingCheckIntervalMs,
      );
    }

    override scheduleRequestTimeoutCheck(): void {
      if (!this.enforceRequestTimeout) return;
      this.destroy();
      this.requestTimeoutIntervalId = setInterval(
        () => {
          const now = steadyNow();
          this.inflight.forEach((request) => {
            if (now - request.sentAt > request.requestTimeout) request.timeoutRequest();
          });
          if (!this.isConnected() && this.inflight.size === 0) this.destroy();
        },
        Math.min(this.requestTimeout, timeoutCheckIntervalMs),
      );
    }
  };
