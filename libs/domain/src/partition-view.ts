import type { Activity, ClosedActivity } from './activity.ts';
import type { ExecutionId, RunId } from './identity.ts';
import type { EpochMillis } from './units.ts';
import type { Signal, WorkflowRun } from './workflow-run.ts';

/** What `decide` may know of a partition: the state as of the command before. Read only. */
export interface PartitionView {
  /** A deleted activity is absent. */
  activity(id: ExecutionId): Activity | undefined;
  /** What stands in for a deleted activity. */
  deletedActivity(id: ExecutionId): ClosedActivity | undefined;
  /** The run id of the latest life of a standalone activity, open or closed. */
  latestRunId(namespace: string, activityId: string): string | undefined;
  /** The run ids of a standalone activity that are still kept, the latest first. */
  runIds(namespace: string, activityId: string): Iterable<string>;
  run(id: RunId): WorkflowRun | undefined;
  /** The latest run of a workflow id, for commands with an empty run id. */
  latestWorkflowRunId(namespace: string, workflowId: string): string | undefined;
  /** Activity ids of the run's open activities, in the order in which they were scheduled. */
  openActivityIds(run: RunId): Iterable<string>;
  /** Activity ids of what is kept as long as the run, open and closed, in the order in which they were scheduled. */
  keptActivityIds(run: RunId): Iterable<string>;
  keptActivityCount(run: RunId): number;
  /** The run's signals that wait, in the order of the log. */
  signals(run: RunId): Iterable<Signal>;
  signalCount(run: RunId): number;
  /** The bytes of the arguments of those. */
  signalBytes(run: RunId): number;
  /** Closed activities and runs whose retention ended at or before an instant, oldest first, at most `countMax` in all. */
  expired(
    before: EpochMillis,
    countMax: number,
  ): { readonly activities: readonly ExecutionId[]; readonly runs: readonly RunId[] };
}
