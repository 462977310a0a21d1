// Generated from schemas/ by tools/generate. Do not edit.

/** Names one Activity Execution. */
export interface ExecutionId {
  /** The namespace. */
  readonly namespace: string;
  /** Empty for a standalone activity. */
  readonly workflowId: string;
  /** The workflow's run; for a standalone activity its own run. Empty in a command or query: the latest run. */
  readonly runId: string;
  /** The id within its workflow run, or within the namespace's standalone activities. */
  readonly activityId: string;
}
