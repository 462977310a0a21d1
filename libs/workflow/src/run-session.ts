import type { RunId } from '@ratchet/domain';
import type { ClientSession } from '@ratchet/client/session';
import type { CancellationScope } from './cancellation-scope.ts';

/** What a run shares with its activities and signals. */
export interface RunSession {
  readonly session: ClientSession;
  readonly run: RunId;
  /** The run's own scope: cancelled with the run. */
  readonly scope: CancellationScope;
}
