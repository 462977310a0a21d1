import type { temporal } from '@temporalio/proto';
import type { ActivityOptionsRequest } from '@ratchet/domain';
import { FrontDoorError } from '../../front-door/index.ts';
import { toOptions, toRetryPolicy } from './options.ts';

type UpdateRequest = temporal.api.workflowservice.v1.IUpdateActivityExecutionOptionsRequest;
type Changes = Partial<ActivityOptionsRequest>;
type Policy = NonNullable<ActivityOptionsRequest['retryPolicy']>;

/** A path of the mask and what it takes from the request; what is masked and not set goes back to its default. */
const changesOfPath: Readonly<Record<string, (given: ActivityOptionsRequest, policy: Policy) => Changes>> = {
  'task_queue.name': ({ taskQueue }) => ({ taskQueue }),
  schedule_to_close_timeout: ({ scheduleToCloseTimeoutMs: ms = 0 }) => ({ scheduleToCloseTimeoutMs: ms }),
  schedule_to_start_timeout: ({ scheduleToStartTimeoutMs: ms = 0 }) => ({ scheduleToStartTimeoutMs: ms }),
  start_to_close_timeout: ({ startToCloseTimeoutMs: ms = 0 }) => ({ startToCloseTimeoutMs: ms }),
  heartbeat_timeout: ({ heartbeatTimeoutMs: ms = 0 }) => ({ heartbeatTimeoutMs: ms }),
  start_delay: ({ startDelayMs: ms = 0 }) => ({ startDelayMs: ms }),
  priority: ({ priorityKey = 0, fairnessKey = '', fairnessWeight = 0 }) => ({
    priorityKey,
    fairnessKey,
    fairnessWeight,
  }),
  'priority.priority_key': ({ priorityKey = 0 }) => ({ priorityKey }),
  'priority.fairness_key': ({ fairnessKey = '' }) => ({ fairnessKey }),
  'priority.fairness_weight': ({ fairnessWeight = 0 }) => ({ fairnessWeight }),
  retry_policy: (_, policy) => ({ retryPolicy: { ...noPolicy, ...policy } }),
  'retry_policy.initial_interval': (_, { initialIntervalMs = 0 }) => ({ retryPolicy: { initialIntervalMs } }),
  'retry_policy.backoff_coefficient': (_, { backoffCoefficient = 0 }) => ({ retryPolicy: { backoffCoefficient } }),
  'retry_policy.maximum_interval': (_, { intervalMsMax = 0 }) => ({ retryPolicy: { intervalMsMax } }),
  'retry_policy.maximum_attempts': (_, { attemptsMax = 0 }) => ({ retryPolicy: { attemptsMax } }),
};

const paths = new Map(Object.entries(changesOfPath));

const noPolicy: Policy = { initialIntervalMs: 0, intervalMsMax: 0, attemptsMax: 0, nonRetryableErrorTypes: [] };

/** A path may be written as in JSON, too: `startDelay` is `start_delay`. */
const snakeCase = (path: string): string => path.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/**
 * What an update changes: what its mask names. Semantics section 2.4.
 *
 * @throws FrontDoorError INVALID_ARGUMENT for a path that cannot be changed.
 */
export function updatedOptions({ activityOptions, updateMask }: UpdateRequest): Changes {
  const given = toOptions(activityOptions ?? {});
  const policy = toRetryPolicy(activityOptions?.retryPolicy ?? {});
  let changes: Changes = {};
  for (const path of updateMask?.paths ?? []) {
    const change = paths.get(snakeCase(path));
    if (change === undefined) {
      throw new FrontDoorError('INVALID_ARGUMENT', `unsupported update_mask path: ${JSON.stringify(path)}`);
    }
    const { retryPolicy, ...rest } = change(given, policy);
    changes = { ...changes, ...rest };
    if (retryPolicy !== undefined) changes = { ...changes, retryPolicy: { ...changes.retryPolicy, ...retryPolicy } };
  }
  return changes;
}
