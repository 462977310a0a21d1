import type { temporal } from '@temporalio/proto';
import { present } from '../../present.ts';
import type { GrantedTask } from '../../front-door/index.ts';
import { fromPriorityIfAny, fromRetryPolicy } from './options.ts';
import { fromHeaderIfAny, fromPayloadsIfAny } from './payloads.ts';
import { fromMs } from './times.ts';

/** A task as a worker gets it. Times and timeouts are said even if they are 0: the SDK fails the task otherwise. */
export function fromTask({
  task,
  startedAt,
}: GrantedTask): temporal.api.workflowservice.v1.IPollActivityTaskQueueResponse {
  const { id, options, heartbeatDetails } = task;
  return {
    taskToken: task.taskToken,
    workflowNamespace: id.namespace,
    workflowExecution: id.workflowId === '' ? {} : { workflowId: id.workflowId, runId: id.runId },
    activityType: { name: task.activityType },
    activityId: id.activityId,
    activityRunId: id.workflowId === '' ? id.runId : '',
    ...present({
      header: fromHeaderIfAny(task.header),
      input: fromPayloadsIfAny(task.input),
      heartbeatDetails: fromPayloadsIfAny(heartbeatDetails),
      priority: fromPriorityIfAny(options),
    }),
    scheduledTime: fromMs(task.scheduledAt),
    currentAttemptScheduledTime: fromMs(task.currentAttemptScheduledAt),
    startedTime: fromMs(startedAt),
    attempt: task.attempt,
    scheduleToCloseTimeout: fromMs(options.scheduleToCloseTimeoutMs),
    startToCloseTimeout: fromMs(options.startToCloseTimeoutMs),
    heartbeatTimeout: fromMs(options.heartbeatTimeoutMs),
    retryPolicy: fromRetryPolicy(options.retryPolicy),
  };
}
