// Generated from schemas/ by tools/generate. Do not edit.

/** Names one run of a workflow. */
export interface RunId {
  /** The namespace. */
  readonly namespace: string;
  /** The workflow. */
  readonly workflowId: string;
  /** The run. Empty in a command: the latest run. */
  readonly runId: string;
}
