import type { RequestChannel, TaskTokenVerifier } from '@ratchet/protocol';
import { ActivityCalls } from './activity-calls.ts';
import { AttemptCalls } from './attempt-calls.ts';
import { Desk, type PollLimit } from './desk.ts';
import { NamespaceCalls } from './namespace-calls.ts';
import type { NamespaceDirectory } from './namespace-directory.ts';
import { RunCalls } from './run-calls.ts';
import { TaskPolls, type TaskDispatch } from './task-polls.ts';

/**
 * What the outside may ask of Ratchet, whatever it speaks: gRPC and HTTP are doors to the same calls.
 *
 * Calls take and give the domain's own types and throw FrontDoorError, nothing else that a caller could have caused.
 */
export interface FrontDoor {
  readonly activities: ActivityCalls;
  readonly attempts: AttemptCalls;
  readonly runs: RunCalls;
  readonly tasks: TaskPolls;
  readonly namespaces: NamespaceCalls;
}

export interface FrontDoorParts {
  readonly channel: RequestChannel;
  readonly tokens: TaskTokenVerifier;
  readonly directory: NamespaceDirectory;
  readonly dispatch: TaskDispatch;
  readonly polls: PollLimit;
}

export function createFrontDoor({ channel, tokens, directory, dispatch, polls }: FrontDoorParts): FrontDoor {
  const desk = new Desk(channel, directory, polls);
  return {
    activities: new ActivityCalls(desk),
    attempts: new AttemptCalls(desk, tokens),
    runs: new RunCalls(desk),
    tasks: new TaskPolls(desk, dispatch),
    namespaces: new NamespaceCalls(desk, directory),
  };
}
