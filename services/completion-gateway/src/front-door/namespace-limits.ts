import type { Namespace } from '@ratchet/domain';
import { RateLimit } from '../rate-limit.ts';
import { FrontDoorError } from './front-door-error.ts';

/** Holds each namespace to the requests it may make at this gateway. */
export class NamespaceLimits {
  readonly #limits = new Map<string, RateLimit>();

  /** @throws FrontDoorError RESOURCE_EXHAUSTED when the namespace has made too many this second: its clients back off. */
  admit({ name, limits: { requestsPerSecondMax } }: Namespace): void {
    if (requestsPerSecondMax === 0) return;
    const limit = this.#limits.get(name) ?? new RateLimit();
    this.#limits.set(name, limit);
    const now = performance.now();
    limit.set(requestsPerSecondMax, now);
    if (limit.take(now)) return;
    throw new FrontDoorError(
      'RESOURCE_EXHAUSTED',
      `namespace rate limit exceeded: ${String(requestsPerSecondMax)} requests per second`,
    );
  }
}
