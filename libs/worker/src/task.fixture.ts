import { epochMillis, millis, normaliseOptions, type ActivityOptions, type ActivityTask } from '@ratchet/domain';

const id = { namespace: 'default', workflowId: '', runId: 'r', activityId: 'a' };

/** An attempt on its way to a worker; `options` replace the usual ones, an attempt of one second. */
export function taskOf(options: Partial<ActivityOptions> = {}): ActivityTask {
  const request = { taskQueue: 'q', startToCloseTimeoutMs: 1_000 };
  const normal = normaliseOptions(request, {
    namespace: id.namespace,
    activityId: id.activityId,
    activityType: 'work',
  });
  if (normal.kind === 'refused') throw new Error(normal.refusal.message);
  return {
    id,
    activityType: 'work',
    taskToken: Buffer.from('token'),
    attempt: 1,
    options: { ...normal.value, ...options },
    input: [],
    header: {},
    heartbeatDetails: [],
    scheduledAt: epochMillis(1),
    currentAttemptScheduledAt: epochMillis(1),
    passedOnCount: 0,
  };
}

/** Limits of an attempt; 0 is none. */
export const limits = (startToCloseMs: number, heartbeatMs: number): Partial<ActivityOptions> => ({
  startToCloseTimeoutMs: millis(startToCloseMs),
  heartbeatTimeoutMs: millis(heartbeatMs),
});
