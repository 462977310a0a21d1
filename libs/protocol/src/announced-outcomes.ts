import { executionKey, payloadsBytes, type ExecutionId, type Reply } from '@ratchet/domain';
import { TransientMap } from '@ratchet/kafka';

interface Announced {
  readonly address: string;
  /** `executionKey` of what was started. */
  readonly key: string;
  readonly until: number;
  outcome?: Reply;
}

/** Who does not ask within so long of the start asks the log: it alone knows what others have done to it meanwhile. */
const patienceMs = 2_000;
const countMax = 10_000;
/** A larger result is asked for anew: what is kept for nobody stays below 40 MB. */
const keptBytesMax = 4_096;

/**
 * Outcomes that come unasked, of activities started a moment ago, kept for who asks for them next.
 *
 * Most who start an activity ask for its outcome at once. Nothing is lost when one is dropped here: it is in the log.
 */
export class AnnouncedOutcomes {
  /** By the address that the outcome comes to, in the order of their starts. */
  readonly #announced = new TransientMap<string, Announced>();

  expect(address: string, target: ExecutionId): void {
    const now = performance.now();
    for (const former of this.#announced.values()) {
      if (former.until > now && this.#announced.size < countMax) break;
      this.#announced.delete(former.address);
    }
    this.#announced.set(address, { address, key: executionKey(target), until: now + patienceMs });
  }

  /** An outcome that nobody has asked for yet. */
  receive(reply: Reply): void {
    const announced = this.#announced.get(reply.address);
    if (announced === undefined) return;
    if (isSmall(reply)) announced.outcome = reply;
    else this.#announced.delete(reply.address);
  }

  /** @returns nothing if it is not on its way; else it is the caller's: it comes to `address`, if it has not come yet. */
  take(address: string, target: ExecutionId): { readonly outcome?: Reply } | undefined {
    const announced = this.#announced.get(address);
    if (announced?.key !== executionKey(target)) return undefined;
    this.#announced.delete(address);
    return announced.until < performance.now() ? undefined : announced;
  }

  /** From now on the log is asked for every outcome: what was announced may be deleted. */
  forget(): void {
    this.#announced.clear();
  }
}

/** Failures nest, and are rarely waited for by the thousand. */
const isSmall = ({ body }: Reply): boolean =>
  body.type === 'OutcomeReached' &&
  body.outcome.type === 'success' &&
  payloadsBytes(body.outcome.result) <= keptBytesMax;
