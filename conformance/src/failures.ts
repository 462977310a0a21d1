import { longRetryDelayMs, retryDelayMs, type Step } from './trace.ts';

export type FailStep = Extract<Step, `fail${string}`>;

interface ApplicationInfo {
  readonly type: 'application';
  readonly nonRetryable?: boolean;
  readonly nextRetryDelayMs?: number;
}

/** A failure as a worker reports it, in no encoding yet. */
export interface ReportedFailure {
  readonly message: string;
  readonly info: ApplicationInfo | { readonly type: 'timeout'; readonly timeoutType: 'schedule-to-close' };
}

const failed = (message: string, info: Omit<ApplicationInfo, 'type'> = {}): ReportedFailure => ({
  message,
  info: { type: 'application', ...info },
});

/** What each step that fails reports; `undefined` is a failure without details. */
export const reportFailures: Readonly<Record<FailStep, ReportedFailure | undefined>> = {
  fail: failed('failed'),
  'fail-with-first-token': failed('failed'),
  'fail-by-id': failed('failed'),
  'fail-for-good': failed('failed for good', { nonRetryable: true }),
  'fail-without-details': undefined,
  'fail-with-large-failure': failed('large '.repeat(1000)),
  'fail-with-retry-delay': failed('failed with a delay', { nextRetryDelayMs: retryDelayMs }),
  'fail-with-long-retry-delay': failed('failed with a delay', { nextRetryDelayMs: longRetryDelayMs }),
  'fail-with-heartbeat-details': failed('failed'),
  'fail-with-timeout-by-id': {
    message: 'timed out within',
    info: { type: 'timeout', timeoutType: 'schedule-to-close' },
  },
};
