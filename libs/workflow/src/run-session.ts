import { RequestRefusedError } from '@ratchet/client';
import { sendToRun, type ClientSession } from '@ratchet/client/session';
import type { RunId } from '@ratchet/domain';
import type { CancellationScope } from './cancellation-scope.ts';
import { WorkflowRunTakenOverError } from './errors.ts';

/** What a run shares with its activities and signals. */
export interface RunSession {
  readonly session: ClientSession;
  readonly run: RunId;
  /** Which process drives it: what it sends as the driver names it, and is refused once another one has taken over. */
  readonly driverId: string;
  /** The run's own scope: cancelled with the run. */
  readonly scope: CancellationScope;
}

type RunCommandDraft = Parameters<typeof sendToRun>[1];

/** As `sendToRun`, as the driver. @throws WorkflowRunTakenOverError (rejects) when another process drives the run. */
export async function sendAsDriver({ session, driverId }: RunSession, command: RunCommandDraft): Promise<void> {
  try {
    await sendToRun(session, { ...command, driverId });
  } catch (error) {
    if (!(error instanceof RequestRefusedError) || error.reason !== 'stale-driver') throw error;
    throw new WorkflowRunTakenOverError(command.run, error.message, { cause: error });
  }
}
