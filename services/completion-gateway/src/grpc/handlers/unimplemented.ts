import { FrontDoorError } from '../../front-door/index.ts';

const soon: readonly string[] = ['ListActivityExecutions', 'CountActivityExecutions'];

/** Calls that Ratchet does not know, each by its name. */
export const unimplemented = (method: string): FrontDoorError =>
  new FrontDoorError(
    'UNIMPLEMENTED',
    soon.includes(method)
      ? `${method} is not implemented: Ratchet has no visibility store yet, use DescribeActivityExecution`
      : `unknown method ${method} for service temporal.api.workflowservice.v1.WorkflowService: Ratchet runs activities only`,
  );
