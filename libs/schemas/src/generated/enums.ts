// Generated from schemas/ by tools/generate. Do not edit.
/** The values of an enum, by symbol, and the one that stands for a symbol of a newer writer; without it such a record cannot be read. */
export interface EnumValues {
  readonly values: Readonly<Record<string, string>>;
  readonly fallback?: string;
}
export const enums: Readonly<Record<string, EnumValues>> = {
  'ratchet.v1.ApplicationErrorCategory': {
    values: {
      UNSPECIFIED: 'unspecified',
      BENIGN: 'benign',
    },
    fallback: 'unspecified',
  },
  'ratchet.v1.ClosedStatus': {
    values: {
      COMPLETED: 'completed',
      FAILED: 'failed',
      CANCELED: 'canceled',
      TERMINATED: 'terminated',
      TIMED_OUT: 'timed-out',
    },
  },
  'ratchet.v1.FanOutCause': {
    values: {
      RUN_CANCEL_REQUESTED: 'run-cancel-requested',
      RUN_CLOSED: 'run-closed',
    },
  },
  'ratchet.v1.IdConflictPolicy': {
    values: {
      FAIL: 'fail',
      USE_EXISTING: 'use-existing',
    },
  },
  'ratchet.v1.IdReusePolicy': {
    values: {
      ALLOW_DUPLICATE: 'allow-duplicate',
      ALLOW_DUPLICATE_FAILED_ONLY: 'allow-duplicate-failed-only',
      REJECT_DUPLICATE: 'reject-duplicate',
    },
  },
  'ratchet.v1.NoticeReason': {
    values: {
      CANCEL_REQUESTED: 'cancel-requested',
      TIMED_OUT: 'timed-out',
      NOT_FOUND: 'not-found',
      PAUSED: 'paused',
      RESET: 'reset',
    },
    fallback: 'cancel-requested',
  },
  'ratchet.v1.OpenStatus': {
    values: {
      SCHEDULED: 'scheduled',
      PAUSED: 'paused',
      STARTED: 'started',
      CANCEL_REQUESTED: 'cancel-requested',
      PAUSE_REQUESTED: 'pause-requested',
      RESET_REQUESTED: 'reset-requested',
    },
  },
  'ratchet.v1.QueryType': {
    values: {
      Describe: 'Describe',
      AwaitOutcome: 'AwaitOutcome',
      AwaitRun: 'AwaitRun',
    },
  },
  'ratchet.v1.RefusalReason': {
    values: {
      FAILED_PRECONDITION: 'failed-precondition',
      INVALID_ARGUMENT: 'invalid-argument',
      NOT_FOUND: 'not-found',
      ALREADY_STARTED: 'already-started',
      STALE_ATTEMPT: 'stale-attempt',
      ALREADY_CLAIMED: 'already-claimed',
      NOT_DUE: 'not-due',
      WRONG_PARTITION: 'wrong-partition',
      STALE_DRIVER: 'stale-driver',
    },
    fallback: 'failed-precondition',
  },
  'ratchet.v1.RetryIntervalSource': {
    values: {
      RETRY_POLICY: 'retry-policy',
      WORKER_OVERRIDE: 'worker-override',
    },
  },
  'ratchet.v1.RetryState': {
    values: {
      UNSPECIFIED: 'unspecified',
      IN_PROGRESS: 'in-progress',
      NON_RETRYABLE_FAILURE: 'non-retryable-failure',
      TIMEOUT: 'timeout',
      MAXIMUM_ATTEMPTS_REACHED: 'maximum-attempts-reached',
      RETRY_POLICY_NOT_SET: 'retry-policy-not-set',
      INTERNAL_SERVER_ERROR: 'internal-server-error',
      CANCEL_REQUESTED: 'cancel-requested',
    },
    fallback: 'unspecified',
  },
  'ratchet.v1.RunCloseStatus': {
    values: {
      COMPLETED: 'completed',
      FAILED: 'failed',
      CANCELED: 'canceled',
      TERMINATED: 'terminated',
      TIMED_OUT: 'timed-out',
      CONTINUED_AS_NEW: 'continued-as-new',
    },
  },
  'ratchet.v1.RunStatus': {
    values: {
      OPEN: 'open',
      CANCEL_REQUESTED: 'cancel-requested',
      CLOSED: 'closed',
    },
  },
  'ratchet.v1.TimeoutType': {
    values: {
      START_TO_CLOSE: 'start-to-close',
      SCHEDULE_TO_START: 'schedule-to-start',
      SCHEDULE_TO_CLOSE: 'schedule-to-close',
      HEARTBEAT: 'heartbeat',
    },
  },
};
