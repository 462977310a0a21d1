import { FrontDoorError } from '../../front-door/index.ts';

const ofLists: readonly string[] = ['ListActivityExecutions', 'CountActivityExecutions'];

/** Calls that Ratchet does not know, each by its name. */
export const unimplemented = (service: string, method: string): FrontDoorError =>
  new FrontDoorError(
    'UNIMPLEMENTED',
    ofLists.includes(method)
      ? `${method} is not implemented: Ratchet keeps no lists of activities: use DescribeActivityExecution for one of them`
      : `unknown method ${method} for service ${service}: Ratchet runs activities only`,
  );
