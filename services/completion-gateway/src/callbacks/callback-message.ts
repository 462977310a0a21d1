import { createHash } from 'node:crypto';
import { executionKey, type CallbackRequest } from '@ratchet/domain';
import { outcomeJson } from '../http/activity-json.ts';
import { writeJson } from '../http/json-text.ts';

/** What is sent to a URL, in the form that Standard Webhooks recommends. */
export interface CallbackMessage {
  /** The same however often it is sent: by it a receiver knows a repetition. */
  readonly id: string;
  readonly body: string;
}

export function callbackMessage(request: CallbackRequest): CallbackMessage {
  const { id, url, activityType, status, outcome, closedAt, closedOffset } = request;
  const { namespace, workflowId, runId, activityId } = id;
  const named = createHash('sha256')
    .update(JSON.stringify([executionKey(id), closedOffset, url]))
    .digest('base64url');
  return {
    id: `cb_${named}`,
    body: writeJson({
      type: `ratchet.activity.${status}`,
      timestamp: new Date(closedAt).toISOString(),
      data: {
        namespace,
        ...(workflowId === '' ? {} : { workflowId }),
        activityId,
        activityType,
        ...outcomeJson(runId, status, outcome),
      },
    }),
  };
}
