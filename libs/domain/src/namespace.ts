import type { Refusal } from './refusal.ts';
import type { EpochMillis, Millis } from './units.ts';
import { millis } from './units.ts';
import { checkLength, checkNamespaceName, checkRetention, firstRefusal } from './validate.ts';

/** What activities and workflows live in: their ids are its own, and no one sees another's. */
export interface Namespace {
  readonly name: string;
  /** Made when it was registered; for people and programs that ask by id. */
  readonly id: string;
  readonly description: string;
  /** How long closed executions are kept. Stamped into a `Schedule` at the front door: `decide` knows no namespace. */
  readonly retentionMs: Millis;
  readonly registeredAt: EpochMillis;
  readonly limits: NamespaceLimits;
}

export interface NamespaceLimits {
  /** Requests that one gateway lets in per second; 0 is no limit. Long polls count once. */
  readonly requestsPerSecondMax: number;
}

/** There from the start. */
export const defaultNamespace = 'default';

/** The reference's shortest; a shorter one would make closed activities vanish before their askers come. */
export const namespaceRetentionMsMin = millis(60_000);
export const namespaceRetentionMsDefault = millis(24 * 60 * 60 * 1000);

/** What is wrong with a namespace that someone wants to register. */
export function checkNewNamespace(
  namespace: Pick<Namespace, 'name' | 'description' | 'retentionMs' | 'limits'>,
): Refusal | undefined {
  return firstRefusal(
    checkNamespaceName(namespace.name),
    checkLength('description', namespace.description),
    namespace.retentionMs >= namespaceRetentionMsMin
      ? checkRetention(namespace.retentionMs)
      : wrong(
          `A valid retention period is not set on request: expected at least ${String(namespaceRetentionMsMin)} ms`,
        ),
    Number.isSafeInteger(namespace.limits.requestsPerSecondMax) && namespace.limits.requestsPerSecondMax >= 0
      ? undefined
      : wrong('requestsPerSecondMax must be a whole number, 0 or more'),
  );
}

const wrong = (message: string): Refusal => ({ reason: 'invalid-argument', message });
