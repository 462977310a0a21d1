import type { temporal } from '@temporalio/proto';
import type { IdConflictPolicy, IdReusePolicy, PublicStatus, RetryState, RunState, TimeoutType } from '@ratchet/domain';
import { FrontDoorError } from '../../front-door/index.ts';

type Enums = typeof temporal.api.enums.v1;

// Numbers of the published enums; a test compares them with their names there.
export const publicStatusNumbers: Readonly<
  Record<PublicStatus, Enums['ActivityExecutionStatus'][keyof Enums['ActivityExecutionStatus']]>
> = {
  running: 1,
  completed: 2,
  failed: 3,
  canceled: 4,
  terminated: 5,
  'timed-out': 6,
  paused: 7,
};

export const runStateNumbers: Readonly<
  Record<RunState, Enums['PendingActivityState'][keyof Enums['PendingActivityState']]>
> = {
  unspecified: 0,
  scheduled: 1,
  started: 2,
  'cancel-requested': 3,
  paused: 4,
  'pause-requested': 5,
};

export const retryStateNumbers: Readonly<Record<RetryState, Enums['RetryState'][keyof Enums['RetryState']]>> = {
  unspecified: 0,
  'in-progress': 1,
  'non-retryable-failure': 2,
  timeout: 3,
  'maximum-attempts-reached': 4,
  'retry-policy-not-set': 5,
  'internal-server-error': 6,
  'cancel-requested': 7,
};

export const timeoutTypeNumbers: Readonly<Record<TimeoutType, Enums['TimeoutType'][keyof Enums['TimeoutType']]>> = {
  'start-to-close': 1,
  'schedule-to-start': 2,
  'schedule-to-close': 3,
  heartbeat: 4,
};

const reusePolicies: Readonly<Record<number, IdReusePolicy>> = {
  0: 'allow-duplicate',
  1: 'allow-duplicate',
  2: 'allow-duplicate-failed-only',
  3: 'reject-duplicate',
};

const conflictPolicies: Readonly<Record<number, IdConflictPolicy>> = { 0: 'fail', 1: 'fail', 2: 'use-existing' };

/** @throws FrontDoorError INVALID_ARGUMENT for what is no policy. */
export const toReusePolicy = (value: number | null | undefined): IdReusePolicy =>
  known(reusePolicies[value ?? 0], `unsupported ID reuse policy: ${String(value)}`);

/** @throws FrontDoorError INVALID_ARGUMENT for what is no policy. */
export const toConflictPolicy = (value: number | null | undefined): IdConflictPolicy =>
  known(conflictPolicies[value ?? 0], `unsupported ID conflict policy: ${String(value)}`);

export const toTimeoutType = (value: number | null | undefined): TimeoutType =>
  timeoutTypes.find((type) => timeoutTypeNumbers[type] === value) ?? 'start-to-close';

const timeoutTypes = Object.keys(timeoutTypeNumbers) as readonly TimeoutType[];

function known<T>(value: T | undefined, message: string): T {
  if (value === undefined) throw new FrontDoorError('INVALID_ARGUMENT', message);
  return value;
}
