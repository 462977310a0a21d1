import { epochMillis, type Command, type Deadline, type ExecutionId } from '@ratchet/domain';

/** Nobody waits for the answer to a timer, so its request needs no id. */
const request = { requestId: '', identity: 'timeout-tracker' } as const;

/**
 * What is proposed when a deadline of an activity is due, or of a run, whose activity id is empty. The end of a retention is
 * proposed for the whole partition.
 */
export function timerCommand(target: ExecutionId, { type, timer }: Deadline): Command | undefined {
  switch (type) {
    case 'dispatch':
      return { ...request, type: 'DispatchDue', target, timer };
    case 'redispatch':
      return { ...request, type: 'Redispatch', target, timer };
    case 'schedule-to-start':
    case 'schedule-to-close':
    case 'start-to-close':
    case 'heartbeat':
      return { ...request, type: 'TimeOut', timeoutType: type, target, timer };
    case 'run-timeout': {
      const { namespace, workflowId, runId } = target;
      return { ...request, type: 'TimeOutRun', run: { namespace, workflowId, runId } };
    }
    case 'expire':
      return undefined;
  }
}

/** Removes what a partition has kept for long enough. */
export const expireCommand = (before: number, countMax: number): Command => ({
  ...request,
  type: 'ExpireBefore',
  before: epochMillis(Math.floor(before)),
  countMax,
});
