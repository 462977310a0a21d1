import { isRunning, type OpenActivity, type RunningActivity } from '../activity.ts';
import type { Claim } from '../command.ts';
import { accept, refuse, type Decision, type DecisionContext } from '../decision.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Refusal } from '../refusal.ts';
import { checkAttemptReport, checkId, checkLength, firstRefusal } from '../validate.ts';
import { transition } from './transition.ts';
import { findAttempt, isRefused, notDue } from './lookup.ts';
import { draftOf } from './open-activity.ts';

/**
 * A worker asks for the right to run an attempt: the first claim gets it. The same claim id gets the same grant again,
 * whatever was asked of the attempt meanwhile. Semantics section 2.1.
 */
export function decideClaim(view: PartitionView, command: Claim, context: DecisionContext): Decision {
  const { target, claimId, identity } = command;
  const refusal = firstRefusal(
    checkAttemptReport(target, identity),
    checkId('claimId', claimId),
    checkSdk(command.sdk),
  );
  if (refusal !== undefined) return { kind: 'refused', refusal };

  const activity = findAttempt(view, command);
  if (isRefused(activity)) return activity;
  if (isRunning(activity)) return claimAgain(activity, command);
  if (activity.status === 'paused') {
    return refuse('failed-precondition', `activity ${target.activityId} is paused: its attempt cannot be claimed`);
  }
  if (activity.dispatchedAt === undefined) return notDue(target, activity.dispatchAt, context.now);
  return accept({ type: 'Granted', startedAt: context.now }, transition(activity, grant(activity, command, context)));
}

const checkSdk = (sdk: Claim['sdk']): Refusal | undefined =>
  sdk && firstRefusal(checkLength('sdk name', sdk.name), checkLength('sdk version', sdk.version));

function claimAgain(activity: RunningActivity, { claimId, target }: Claim): Decision {
  if (activity.claimId === claimId) return accept({ type: 'Granted', startedAt: activity.startedAt });
  return refuse(
    'already-claimed',
    `attempt ${String(activity.attempt)} of activity ${target.activityId} was granted to another claim`,
  );
}

function grant(activity: OpenActivity, command: Claim, { now, offset }: DecisionContext): RunningActivity {
  const draft = draftOf(activity);
  draft.version = offset;
  draft.lastWorkerIdentity = command.identity;
  if (command.sdk === undefined) delete draft.workerSdk;
  else draft.workerSdk = command.sdk;
  const running: RunningActivity = { ...draft, status: 'started', startedAt: now, claimId: command.claimId };
  return command.replyTo === undefined ? running : { ...running, workerAddress: command.replyTo };
}
