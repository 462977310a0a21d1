import type { Failure, TimeoutType } from './failure.ts';
import type { RetryPolicy } from './retry-policy.ts';

/** Begins an entry of `nonRetryableErrorTypes` that names a timeout. */
export const timeoutErrorTypePrefix = 'TemporalTimeout:';

const timeoutNames: Readonly<Record<TimeoutType, string>> = {
  'start-to-close': 'StartToClose',
  'schedule-to-start': 'ScheduleToStart',
  'schedule-to-close': 'ScheduleToClose',
  heartbeat: 'Heartbeat',
};

/** The field's name of a timeout type, as it stands in messages: `StartToClose`. */
export const timeoutName = (type: TimeoutType): string => timeoutNames[type];

/** Whether a name is one of the field's timeout types. */
export const isTimeoutName = (name: string): boolean => Object.values(timeoutNames).includes(name);

/** Whether the failure itself permits another attempt. Attempts and time left are not asked here. Semantics section 1.2. */
export function isRetryable({ info }: Failure, { nonRetryableErrorTypes }: RetryPolicy): boolean {
  switch (info.type) {
    case 'none':
      return true;
    case 'application':
      return !info.nonRetryable && !nonRetryableErrorTypes.includes(info.errorType);
    case 'server':
      return !info.nonRetryable;
    case 'timeout':
      return isTimeoutRetryable(info.timeoutType, nonRetryableErrorTypes);
    case 'canceled':
    case 'terminated':
      return false;
  }
}

// The limits of the whole execution are never followed by another attempt; those of one attempt are, unless excluded by name.
const isTimeoutRetryable = (type: TimeoutType, nonRetryableErrorTypes: readonly string[]): boolean =>
  (type === 'start-to-close' || type === 'heartbeat') &&
  !nonRetryableErrorTypes.includes(`${timeoutErrorTypePrefix}${timeoutName(type)}`);
