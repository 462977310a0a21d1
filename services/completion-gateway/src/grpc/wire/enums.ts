import type { temporal } from '@temporalio/proto';
import type {
  ApplicationErrorCategory,
  IdConflictPolicy,
  IdReusePolicy,
  PublicStatus,
  RetryState,
  RunState,
  TimeoutType,
} from '@ratchet/domain';
import { FrontDoorError } from '../../front-door/index.ts';
import { numbersOf } from './proto.ts';

export const publicStatusNumbers = numbersOf<PublicStatus, temporal.api.enums.v1.ActivityExecutionStatus>(
  'ActivityExecutionStatus',
  { running: true, completed: true, failed: true, canceled: true, terminated: true, 'timed-out': true, paused: true },
);

export const runStateNumbers = numbersOf<RunState, temporal.api.enums.v1.PendingActivityState>('PendingActivityState', {
  unspecified: true,
  scheduled: true,
  started: true,
  'cancel-requested': true,
  paused: true,
  'pause-requested': true,
});

export const retryStateNumbers = numbersOf<RetryState, temporal.api.enums.v1.RetryState>('RetryState', {
  unspecified: true,
  'in-progress': true,
  'non-retryable-failure': true,
  timeout: true,
  'maximum-attempts-reached': true,
  'retry-policy-not-set': true,
  'internal-server-error': true,
  'cancel-requested': true,
});

export const timeoutTypeNumbers = numbersOf<TimeoutType, temporal.api.enums.v1.TimeoutType>('TimeoutType', {
  'start-to-close': true,
  'schedule-to-start': true,
  'schedule-to-close': true,
  heartbeat: true,
});

export const categoryNumbers = numbersOf<ApplicationErrorCategory, temporal.api.enums.v1.ApplicationErrorCategory>(
  'ApplicationErrorCategory',
  { unspecified: true, benign: true },
);

export const { registered: namespaceRegistered } = numbersOf<'registered', temporal.api.enums.v1.NamespaceState>(
  'NamespaceState',
  { registered: true },
);

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
