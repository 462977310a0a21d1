import type { CommonStartOptions } from '@ratchet/client';
import type { ActivityCancellationType } from './cancellation-type.ts';

/** As of a standalone activity, but for the policies of ids, which are not for runs. */
export interface RunActivityOptions extends Omit<CommonStartOptions, 'id' | 'idConflictPolicy' | 'idReusePolicy'> {
  /** Unique among the open activities of the run, and free again after closing; made up when left out. At most 1000 bytes. */
  readonly id?: string;
  /** What happens when its scope is cancelled. Default: `WAIT_CANCELLATION_COMPLETED`. */
  readonly cancellationType?: ActivityCancellationType;
}

/** As of any activity of the run, but for what a step has of itself: its id, and that it is kept as long as the run. */
export type StepOptions = Omit<RunActivityOptions, 'id' | 'requestId' | 'retention'>;

/** The options as they are when nobody has checked their types. */
export type AnyRunActivityOptions = RunActivityOptions & { readonly args?: readonly unknown[] };
