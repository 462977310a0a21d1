// Generated from schemas/ by tools/generate. Do not edit.

/** Why there was, or was not, another attempt. A value this reader does not know is read as UNSPECIFIED. */
export type RetryState =
  | 'unspecified'
  | 'in-progress'
  | 'non-retryable-failure'
  | 'timeout'
  | 'maximum-attempts-reached'
  | 'retry-policy-not-set'
  | 'internal-server-error'
  | 'cancel-requested';
