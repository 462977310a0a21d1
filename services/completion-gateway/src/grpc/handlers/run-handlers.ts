import type { RunCalls } from '../../front-door/index.ts';
import { callerOf, type Handlers } from '../handler.ts';
import { toPayloads } from '../wire/payloads.ts';

/** Workflow runs. */
export const runHandlers = (runs: RunCalls): Handlers<'signalWorkflowExecution'> => ({
  signalWorkflowExecution: async (request, call) => {
    await runs.signal(callerOf(request, call), {
      workflowId: request.workflowExecution?.workflowId ?? '',
      runId: request.workflowExecution?.runId ?? '',
      signalName: request.signalName ?? '',
      args: toPayloads(request.input),
      requestId: request.requestId ?? '',
    });
    return {};
  },
});
