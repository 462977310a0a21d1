import { ActivityFailedError, TimeoutFailure } from '@ratchet/client';
import type { JournalEntry } from './journal.ts';
import type { Expectation, Observation, Outcome } from './outcome.ts';

/** What the demo uses of an activity's handle. */
export interface TrackedHandle {
  readonly activityId: string;
  result(): Promise<unknown>;
  describe(): Promise<Description>;
}

interface Description {
  readonly status: string;
  readonly attempt: number;
  readonly scheduledAt: number;
  readonly closedAt?: number;
}

/** An activity that has ended, and what must have come out of it. */
export interface Tracked {
  readonly name: string;
  /** Activities of one group share a line of the closing table. */
  readonly group: string;
  readonly handle: TrackedHandle;
  readonly outcome: Outcome;
  readonly expectation: Expectation;
}

/** Waits for an activity's end. @throws whatever is not an outcome, such as a lost connection. */
export async function outcomeOf(handle: Pick<TrackedHandle, 'result'>): Promise<Outcome> {
  try {
    return { status: 'completed', result: await handle.result() };
  } catch (error) {
    if (error instanceof ActivityFailedError) return failureOf(error);
    throw error;
  }
}

function failureOf({ status, cause }: ActivityFailedError): Outcome {
  if (cause instanceof TimeoutFailure) {
    const { timeoutType, lastHeartbeatDetails } = cause;
    return { status: 'timed-out', timeoutType, lastHeartbeatDetails, cause: messageOf(cause.cause) };
  }
  // A timeout that does not say which limit passed is none: the description will disagree.
  return { status: status === 'timed-out' ? 'failed' : status, message: cause.message };
}

const messageOf = (error: unknown): string | undefined => (error instanceof Error ? error.message : undefined);

/** Looks at an ended activity once more, through all doors. */
export async function observe(
  tracked: Tracked,
  journal: ReadonlyMap<string, readonly JournalEntry[]>,
): Promise<Observation> {
  const { name, handle, outcome } = tracked;
  const [outcomeAgain, description] = await Promise.all([outcomeOf(handle), handle.describe()]);
  const { status, attempt, scheduledAt, closedAt } = description;
  return {
    name,
    activityId: handle.activityId,
    outcome,
    outcomeAgain,
    described: { status, attempt, durationMs: (closedAt ?? scheduledAt) - scheduledAt },
    attemptsRun: (journal.get(handle.activityId) ?? []).map((entry) => entry.attempt),
  };
}
