import { FrontDoorError } from '../../front-door/index.ts';

const soon: readonly string[] = ['ListActivityExecutions', 'CountActivityExecutions'];

/** Calls that Ratchet does not know, each by its name. */
export const unimplemented = (service: string, method: string): FrontDoorError =>
  new FrontDoorError(
    'UNIMPLEMENTED',
    soon.includes(method)
      ? `${method} is not implemented: Ratchet has no visibility store yet, use DescribeActivityExecution`
      : `unknown method ${method} for service ${service}: Ratchet runs activities only`,
  );
