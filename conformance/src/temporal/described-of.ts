import type { FailureInfo, PublicStatus, RetryState, RunState } from '@ratchet/domain';
import type { temporal } from '@temporalio/proto';
import { textOf } from '../payload-text.ts';
import { nothing, type Described } from '../sighting-of.ts';

type Failure = temporal.api.failure.v1.IFailure;
type Outcome = temporal.api.activity.v1.IActivityExecutionOutcome;
type Payloads = temporal.api.common.v1.IPayloads;

// By the numbers of the wire.
const statuses: readonly (PublicStatus | 'absent')[] = [
  'absent',
  'running',
  'completed',
  'failed',
  'canceled',
  'terminated',
  'timed-out',
  'paused',
];
const runStates: readonly RunState[] = [
  'unspecified',
  'scheduled',
  'started',
  'cancel-requested',
  'paused',
  'pause-requested',
];
const retryStates: readonly RetryState[] = [
  'unspecified',
  'in-progress',
  'non-retryable-failure',
  'timeout',
  'maximum-attempts-reached',
  'retry-policy-not-set',
  'internal-server-error',
  'cancel-requested',
];

/** What an answer to `DescribeActivityExecution` shows. */
export function describedOf({
  info,
  outcome,
}: temporal.api.workflowservice.v1.IDescribeActivityExecutionResponse): Described {
  if (!info) throw new Error('Expected a description, but its info is missing');
  return {
    ...nothing,
    status: statuses[info.status ?? 0] ?? 'absent',
    runState: runStates[info.runState ?? 0] ?? 'unspecified',
    attempt: info.attempt ?? 0,
    waits: Boolean(info.nextAttemptScheduleTime),
    ...outcomeSeen(outcome),
    lastFailure: info.lastFailure?.message ?? '',
    heartbeats: Number(info.totalHeartbeatCount ?? 0),
  };
}

/** The texts in payloads of the wire. */
export const wireText = (payloads: Payloads | null | undefined): string =>
  textOf((payloads?.payloads ?? []).map(({ data }) => ({ metadata: {}, data: data ?? new Uint8Array() })));

function outcomeSeen(outcome: Outcome | null | undefined): Partial<Described> {
  if (!outcome) return {};
  const { result, failure, retryState } = outcome;
  if (!failure) return { result: wireText(result) };
  return { ...failureSeen(failure), retryState: retryStates[retryState ?? 0] ?? 'unspecified' };
}

const failureSeen = (failure: Failure): Partial<Described> => ({
  failure: failure.message ?? '',
  failureType: typeOf(failure),
  details: wireText(failure.canceledFailureInfo?.details ?? failure.timeoutFailureInfo?.lastHeartbeatDetails),
  endedBy: failure.canceledFailureInfo?.identity ?? failure.terminatedFailureInfo?.identity ?? '',
  cause: failure.cause?.message ?? '',
});

function typeOf(failure: Failure): FailureInfo['type'] {
  const types: readonly (readonly [FailureInfo['type'], unknown])[] = [
    ['application', failure.applicationFailureInfo],
    ['timeout', failure.timeoutFailureInfo],
    ['canceled', failure.canceledFailureInfo],
    ['terminated', failure.terminatedFailureInfo],
    ['server', failure.serverFailureInfo],
  ];
  return types.find(([, info]) => Boolean(info))?.[0] ?? 'none';
}
