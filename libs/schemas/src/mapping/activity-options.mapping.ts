import type { ActivityOptionsRequest } from '@ratchet/domain';
import type * as avro from '../generated/index.ts';
import { isPresent, setPresent } from './set-present.ts';

/** Only what was asked for; an absent option is no property. */
export function optionsRequestToDomain(options: avro.ActivityOptionsRequest): Partial<ActivityOptionsRequest> {
  const result: Partial<ActivityOptionsRequest> = {};
  setPresent(result, 'taskQueue', options.taskQueue);
  setPresent(result, 'scheduleToCloseTimeoutMs', options.scheduleToCloseTimeoutMs);
  setPresent(result, 'scheduleToStartTimeoutMs', options.scheduleToStartTimeoutMs);
  setPresent(result, 'startToCloseTimeoutMs', options.startToCloseTimeoutMs);
  setPresent(result, 'heartbeatTimeoutMs', options.heartbeatTimeoutMs);
  setPresent(result, 'startDelayMs', options.startDelayMs);
  setPresent(result, 'priorityKey', options.priorityKey);
  setPresent(result, 'fairnessKey', options.fairnessKey);
  setPresent(result, 'fairnessWeight', options.fairnessWeight);
  if (isPresent(options.retryPolicy)) setPresent(result, 'retryPolicy', retryPolicyToDomain(options.retryPolicy));
  return result;
}

type RetryPolicyRequest = NonNullable<ActivityOptionsRequest['retryPolicy']>;

function retryPolicyToDomain(policy: avro.RetryPolicyRequest): RetryPolicyRequest {
  const result: RetryPolicyRequest = {};
  setPresent(result, 'initialIntervalMs', policy.initialIntervalMs);
  setPresent(result, 'backoffCoefficient', policy.backoffCoefficient);
  setPresent(result, 'intervalMsMax', policy.intervalMsMax);
  setPresent(result, 'attemptsMax', policy.attemptsMax);
  setPresent(result, 'nonRetryableErrorTypes', policy.nonRetryableErrorTypes);
  return result;
}
