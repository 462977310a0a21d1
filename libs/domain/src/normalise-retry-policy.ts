import type { ActivityOptionsRequest } from './activity-options.ts';
import { invalid, ok, type Checked } from './checked.ts';
import { attemptCountMax, durationMsMax, errorTypesBytesMax } from './limits.ts';
import { normaliseDuration } from './normalise-duration.ts';
import type { RetryPolicy } from './retry-policy.ts';
import { isTimeoutName, timeoutErrorTypePrefix } from './retryable.ts';
import { millis, type Millis } from './units.ts';
import { utf8Length } from './utf8.ts';

export type RetryPolicyRequest = NonNullable<ActivityOptionsRequest['retryPolicy']>;

const initialIntervalMsDefault = millis(1000);
const backoffCoefficientDefault = 2;
const intervalFactorMaxDefault = 100;

/**
 * A retry policy with its defaults filled in, each by itself, and checked. Semantics section 1.2.
 *
 * 0 means "not set" for every number, as on the wire. A policy of one attempt is not checked further, as in the
 * reference: what would be refused otherwise gets its default. Normalising what is normal gives the same.
 */
export function normaliseRetryPolicy(request: RetryPolicyRequest = {}): Checked<RetryPolicy> {
  const checked = checkRetryPolicy(request);
  if (checked.kind === 'refused' && request.attemptsMax === 1) return checkRetryPolicy({ attemptsMax: 1 });
  return checked;
}

function checkRetryPolicy(request: RetryPolicyRequest): Checked<RetryPolicy> {
  const initial = normaliseDuration('invalid InitialInterval set on retry policy', request.initialIntervalMs);
  if (initial.kind === 'refused') return initial;
  const initialIntervalMs = initial.value === 0 ? initialIntervalMsDefault : initial.value;

  const backoffCoefficient = orDefault(request.backoffCoefficient, backoffCoefficientDefault);
  if (!(backoffCoefficient >= 1)) return invalid('BackoffCoefficient cannot be less than 1 on retry policy.');
  if (backoffCoefficient === Infinity) return invalid('BackoffCoefficient must be finite on retry policy.');

  const maximum = normaliseDuration('invalid MaximumInterval set on retry policy', request.intervalMsMax);
  if (maximum.kind === 'refused') return maximum;
  const intervalMsMax = maximum.value === 0 ? defaultIntervalMsMax(initialIntervalMs) : maximum.value;
  if (intervalMsMax < initialIntervalMs) {
    return invalid('MaximumInterval cannot be less than InitialInterval on retry policy.');
  }

  const attempts = checkAttempts(request.attemptsMax ?? 0);
  if (attempts.kind === 'refused') return attempts;

  const errorTypes = checkErrorTypes(request.nonRetryableErrorTypes ?? []);
  if (errorTypes.kind === 'refused') return errorTypes;

  return ok({
    initialIntervalMs,
    backoffCoefficient,
    intervalMsMax,
    attemptsMax: attempts.value,
    nonRetryableErrorTypes: errorTypes.value,
  });
}

function checkErrorTypes(errorTypes: readonly string[]): Checked<readonly string[]> {
  const bytes = errorTypes.reduce((sum, errorType) => sum + utf8Length(errorType) + 1, 0);
  if (bytes > errorTypesBytesMax) {
    const length = `Length=${String(bytes)} Limit=${String(errorTypesBytesMax)}`;
    return invalid(`NonRetryableErrorTypes exceed length limit on retry policy. ${length}`);
  }
  const wrong = errorTypes.find(namesNoTimeout);
  return wrong === undefined
    ? ok(errorTypes)
    : invalid(`Invalid timeout type value: ${wrong.slice(timeoutErrorTypePrefix.length)}.`);
}

function checkAttempts(attemptsMax: number): Checked<number> {
  if (attemptsMax > attemptCountMax) {
    return invalid(
      `MaximumAttempts cannot exceed ${String(attemptCountMax)} on retry policy, got ${String(attemptsMax)}`,
    );
  }
  if (attemptsMax < 0) return invalid('MaximumAttempts cannot be negative on retry policy.');
  if (!Number.isSafeInteger(attemptsMax)) {
    return invalid(`MaximumAttempts must be a whole number on retry policy, got ${String(attemptsMax)}`);
  }
  return ok(attemptsMax);
}

const orDefault = (value: number | undefined, byDefault: number): number =>
  value === undefined || value === 0 ? byDefault : value;

const defaultIntervalMsMax = (initialIntervalMs: Millis): Millis =>
  millis(Math.min(initialIntervalMs * intervalFactorMaxDefault, durationMsMax));

const namesNoTimeout = (errorType: string): boolean =>
  errorType.startsWith(timeoutErrorTypePrefix) && !isTimeoutName(errorType.slice(timeoutErrorTypePrefix.length));
