export { CancellationScope, type CancellationScopeOptions } from './cancellation-scope.ts';
export type { ActivityCancellationType } from './cancellation-type.ts';
export {
  ActivityFailure,
  isCancellation,
  WorkflowRunClosedError,
  WorkflowRunTakenOverError,
  type ActivityFailureInfo,
} from './errors.ts';
export { RunActivityHandle } from './run-activity-handle.ts';
export type { AnyRunActivityOptions, RunActivityOptions, StepOptions } from './run-activity-options.ts';
export type { RunSignal } from './signal-stream.ts';
export { WorkflowRun, type AttachRunOptions, type CancelRequest, type OpenRunOptions } from './workflow-run.ts';
