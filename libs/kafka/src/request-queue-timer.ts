import { createRequire } from 'node:module';

/** The part of kafkajs's request queue that is mended here. */
interface RequestQueue {
  readonly pending: readonly unknown[];
  readonly throttledUntil: number;
  throttleCheckTimeoutId: NodeJS.Timeout | null;
  checkPendingRequests(): void;
  scheduleCheckPendingRequests(): void;
}

/** How often waiting requests are looked at when nothing says when; kafkajs's own value. */
const pendingCheckIntervalMs = 10;

/**
 * Trap: kafkajs 2.2.4 re-arms a timer after every response of every connection, although no request waits. Its delay
 * is negative (`throttledUntil` is -1 when there is no throttling), which Node 24 warns of and turns into 1 ms: each
 * connection then wakes the process a thousand times a second for ever. The check is needed only while requests wait.
 */
function scheduleCheckPendingRequests(this: RequestQueue): void {
  if (this.pending.length === 0 || this.throttleCheckTimeoutId !== null) return;
  const throttledForMs = this.throttledUntil - Date.now();
  this.throttleCheckTimeoutId = setTimeout(
    () => {
      this.throttleCheckTimeoutId = null;
      this.checkPendingRequests();
    },
    throttledForMs > 0 ? throttledForMs : pendingCheckIntervalMs,
  );
}

/** Mends kafkajs for the whole process; doing it again changes nothing. */
export function mendRequestQueueTimer(): void {
  const load = createRequire(import.meta.url);
  const { prototype } = load('kafkajs/src/network/requestQueue/index.js') as { readonly prototype: RequestQueue };
  prototype.scheduleCheckPendingRequests = scheduleCheckPendingRequests;
}
