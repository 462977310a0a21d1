import type { RunningActivity } from '../activity.ts';
import type { Fail } from '../command.ts';
import { accept, acknowledged, refuse, type Decision, type DecisionContext } from '../decision.ts';
import type { Failure } from '../failure.ts';
import { missingFailure, oversizedFailure } from '../failures.ts';
import type { PartitionView } from '../partition-view.ts';
import type { Refusal } from '../refusal.ts';
import { isExact } from '../rules.ts';
import { checkAttemptReport, isOversized, isOversizedFailure } from '../validate.ts';
import { afterFailure } from './attempt-end.ts';
import { endReportedBy, transition } from './transition.ts';
import { closedBy } from './close.ts';
import { withHeartbeat } from './heartbeat.ts';
import { findRunningAttempt, isRefused } from './lookup.ts';

/** The attempt failed: another one, or the end. Semantics sections 2.1 to 2.4. */
export function decideFail(view: PartitionView, command: Fail, context: DecisionContext): Decision {
  const refusal = checkAttemptReport(command.target, command.identity) ?? validateFailure(command);
  if (refusal !== undefined) return { kind: 'refused', refusal };
  const activity = findRunningAttempt(view, command);
  if (isRefused(activity)) return activity;
  const after = afterFailure(withLastDetails(activity, command, context), reported(command.failure, context), context);
  const reportedBy = closedBy(command.identity, after, context);
  return accept(acknowledged, transition(activity, reportedBy, endReportedBy(command.attempt)));
}

/**
 * What is wrong with a reported failure, for the front doors and `decide` alike. By token only an application failure
 * (or none) may be reported, by id any.
 */
export function validateFailure({ failure, attempt }: Pick<Fail, 'failure' | 'attempt'>): Refusal | undefined {
  if (failure === undefined) return undefined;
  if (attempt.by === 'token' && failure.info.type !== 'application') {
    return refuse('invalid-argument', 'Failure must have ApplicationFailureInfo.').refusal;
  }
  for (let link: Failure | undefined = failure; link !== undefined; link = link.cause) {
    const delayMs = link.info.type === 'application' ? link.info.nextRetryDelayMs : undefined;
    if (delayMs !== undefined && !(Number.isSafeInteger(delayMs) && delayMs >= 0)) {
      const message = `NextRetryDelay is not a valid duration: expected a whole number of milliseconds, 0 or more, got ${String(delayMs)}`;
      return refuse('invalid-argument', message).refusal;
    }
  }
  return undefined;
}

/** Details that came with the failure count as a heartbeat; too large, they are dropped and the failure still counts. */
const withLastDetails = (
  activity: RunningActivity,
  { lastHeartbeatDetails }: Fail,
  { now }: DecisionContext,
): RunningActivity =>
  lastHeartbeatDetails === undefined || isOversized(lastHeartbeatDetails)
    ? activity
    : withHeartbeat(activity, lastHeartbeatDetails, now);

const reported = (failure: Failure = missingFailure, { rules }: DecisionContext): Failure =>
  isOversizedFailure(failure) ? oversizedFailure(failure, isExact(rules)) : failure;
