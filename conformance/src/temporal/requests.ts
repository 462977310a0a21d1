import type { ActivityOptionsRequest } from '@ratchet/domain';
import { msToTs } from '@temporalio/common/lib/time.js';
import protos, { type temporal } from '@temporalio/proto';
import type { ReportedFailure } from '../failures.ts';

const { ActivityIdConflictPolicy, ActivityIdReusePolicy, TimeoutType } = protos.temporal.api.enums.v1;

type Duration = NonNullable<temporal.api.workflowservice.v1.IStartActivityExecutionRequest['startDelay']>;

const durationIf = (ms: number | undefined): Duration | null => (ms === undefined ? null : msToTs(ms));

/** The part of a start that says how, not what. */
export const startOptions = (
  options: ActivityOptionsRequest,
): temporal.api.workflowservice.v1.IStartActivityExecutionRequest => ({
  scheduleToCloseTimeout: durationIf(options.scheduleToCloseTimeoutMs),
  scheduleToStartTimeout: durationIf(options.scheduleToStartTimeoutMs),
  startToCloseTimeout: durationIf(options.startToCloseTimeoutMs),
  heartbeatTimeout: durationIf(options.heartbeatTimeoutMs),
  startDelay: durationIf(options.startDelayMs),
  retryPolicy: {
    initialInterval: durationIf(options.retryPolicy?.initialIntervalMs),
    backoffCoefficient: options.retryPolicy?.backoffCoefficient ?? 0,
    maximumAttempts: options.retryPolicy?.attemptsMax ?? 0,
    nonRetryableErrorTypes: [...(options.retryPolicy?.nonRetryableErrorTypes ?? [])],
  },
});

type Policies = Pick<
  temporal.api.workflowservice.v1.IStartActivityExecutionRequest,
  'idConflictPolicy' | 'idReusePolicy'
>;

/** What each way to start the activity again asks for. */
export const startPolicies = {
  'start-again': {},
  'start-again-with-same-request': {},
  'start-again-using-existing': {
    idConflictPolicy: ActivityIdConflictPolicy.ACTIVITY_ID_CONFLICT_POLICY_USE_EXISTING,
  },
  'start-again-rejecting-duplicates': {
    idReusePolicy: ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_REJECT_DUPLICATE,
  },
  'start-again-if-failed': {
    idReusePolicy: ActivityIdReusePolicy.ACTIVITY_ID_REUSE_POLICY_ALLOW_DUPLICATE_FAILED_ONLY,
  },
} as const satisfies Readonly<Record<string, Policies>>;

/** A failure as the wire has it. */
export function failureOf(failure: ReportedFailure | undefined): temporal.api.failure.v1.IFailure | null {
  if (failure === undefined) return null;
  const { message, info } = failure;
  if (info.type === 'timeout') {
    return { message, timeoutFailureInfo: { timeoutType: TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_CLOSE } };
  }
  return {
    message,
    source: 'conformance',
    applicationFailureInfo: {
      type: 'Error',
      nonRetryable: info.nonRetryable === true,
      nextRetryDelay: durationIf(info.nextRetryDelayMs),
    },
  };
}
