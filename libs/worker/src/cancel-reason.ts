/** Why an activity is to stop; the message of its `CancelledFailure`. The words of the field. */
export type CancelReason =
  /** Someone asked for it: by the activity's ids, or by cancelling its workflow. */
  | 'CANCELLED'
  /** The attempt is over, or the activity closed (terminated, its workflow run closed): what it does now reaches nobody. */
  | 'NOT_FOUND'
  /** One of its limits has passed, on the log or on this worker's clock. As good as `NOT_FOUND`. */
  | 'TIMED_OUT'
  /** The grace period of a worker that shuts down is over. */
  | 'WORKER_SHUTDOWN'
  | 'PAUSED'
  | 'RESET'
  /** What it said in a heartbeat cannot be converted, or sent: that is its failure. */
  | 'HEARTBEAT_DETAILS_CONVERSION_FAILED';
