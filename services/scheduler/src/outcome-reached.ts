import type { ClosedActivity, Reply } from '@ratchet/domain';

/** What whoever waits for the outcome is told. */
export const outcomeReached = ({
  id,
  status,
  outcome,
  activityType,
  lastWorkerIdentity,
}: ClosedActivity): Extract<Reply['body'], { readonly type: 'OutcomeReached' }> => ({
  type: 'OutcomeReached',
  runId: id.runId,
  status,
  outcome,
  activityType,
  workerIdentity: lastWorkerIdentity,
});
