import type { Mutant } from './mutant.ts';

/** Planted bugs in what becomes of attempts, timers and tokens. */
export const attemptMutants: readonly Mutant[] = [
  {
    name: 'one attempt too many',
    file: 'decide/attempt-end.ts',
    text: 'activity.attempt >= retryPolicy.attemptsMax',
    replacement: 'activity.attempt > retryPolicy.attemptsMax',
  },
  {
    name: 'attempts are limited though they are unlimited',
    file: 'decide/attempt-end.ts',
    text: 'retryPolicy.attemptsMax > 0 && activity.attempt',
    replacement: 'activity.attempt',
  },
  {
    name: 'a retry that is due at the deadline of the whole',
    file: 'decide/attempt-end.ts',
    text: 'now + retry.intervalMs >= deadline',
    replacement: 'now + retry.intervalMs > deadline',
  },
  {
    name: 'a retry whatever time is left',
    file: 'decide/attempt-end.ts',
    text: `deadline !== undefined && now + retry.intervalMs >= deadline ? 'timeout' : retry`,
    replacement: `deadline === 0 ? 'timeout' : retry`,
  },
  {
    name: 'a retry although a cancel is pending',
    file: 'decide/attempt-end.ts',
    text: `if (activity.status === 'cancel-requested') return 'cancel-requested';`,
    replacement: '',
  },
  {
    name: 'the limit of attempts hides that a failure is for good',
    file: 'decide/attempt-end.ts',
    text: `  if (!isRetryable(failure, retryPolicy)) return 'non-retryable-failure';
  if (retryPolicy.attemptsMax > 0 && activity.attempt >= retryPolicy.attemptsMax) return 'maximum-attempts-reached';`,
    replacement: `  if (retryPolicy.attemptsMax > 0 && activity.attempt >= retryPolicy.attemptsMax) return 'maximum-attempts-reached';
  if (!isRetryable(failure, retryPolicy)) return 'non-retryable-failure';`,
  },
  {
    name: 'a retry keeps the stamp: old tokens stay good',
    file: 'decide/attempt-end.ts',
    text: 'draft.stamp = activity.stamp + 1;',
    replacement: 'draft.stamp = activity.stamp;',
  },
  {
    name: 'a retry forgets to count',
    file: 'decide/attempt-end.ts',
    text: 'draft.attempt = activity.attempt + 1;',
    replacement: 'draft.attempt = activity.attempt;',
  },
  {
    name: 'a pending pause is forgotten at the end of the attempt',
    file: 'decide/attempt-end.ts',
    text: `return activity.status === 'pause-requested' ? { ...draft, status: 'paused' } : scheduledFrom(draft, now);`,
    replacement: 'return scheduledFrom(draft, now);',
  },
  {
    name: "a worker's delay of 0 overrides the policy",
    file: 'decide/attempt-end.ts',
    text: 'overridingMs !== undefined && overridingMs > 0',
    replacement: 'overridingMs !== undefined && overridingMs >= 0',
  },
  {
    name: 'the interval is that of the next attempt',
    file: 'decide/attempt-end.ts',
    text: 'retryIntervalMs(options.retryPolicy, attempt)',
    replacement: 'retryIntervalMs(options.retryPolicy, attempt + 1)',
  },
  {
    name: 'a pending reset gives way to a failure for good',
    file: 'decide/attempt-end.ts',
    text: `  if (activity.status === 'reset-requested') return afterReset(activity, failure, context);
  const retry = decideRetry(activity, failure, context.now);
  if (typeof retry !== 'string') return backOff(activity, failure, retry, context);
  const outcome = failureOutcome(failure, retry);`,
    replacement: `  const retry = decideRetry(activity, failure, context.now);
  if (retry !== 'non-retryable-failure' && activity.status === 'reset-requested') return afterReset(activity, failure, context);
  if (typeof retry !== 'string') return backOff(activity, failure, retry, context);
  const outcome = failureOutcome(failure, retry);`,
  },
  {
    name: 'a retried failure is kept whole, however large',
    file: 'decide/attempt-end.ts',
    text: 'failure: retriedFailure(failure, isExact(rules)),',
    replacement: 'failure,',
  },
  {
    name: 'retried timeouts chain their causes',
    file: 'decide/attempt-end.ts',
    text: 'const failure = timeoutFailure(timeoutType, []);',
    replacement: 'const failure = timeoutFailure(timeoutType, [], activity.lastFailure?.failure);',
  },
  {
    name: 'the last timeout loses the heartbeat details',
    file: 'decide/attempt-end.ts',
    text: 'timeoutFailure(timeoutType, details, cause)',
    replacement: 'timeoutFailure(timeoutType, [], cause)',
  },
  {
    name: 'a reset of a running attempt forgets to keep the pause',
    file: 'decide/attempt-end.ts',
    text: `return reset.keepPaused ? { ...draft, status: 'paused' } : scheduledFrom(draft, now);`,
    replacement: 'return scheduledFrom(draft, now);',
  },
  {
    name: 'heartbeat details do not reach the next attempt',
    file: 'decide/open-activity.ts',
    text: `  if (activity.heartbeat !== undefined) draft.heartbeat = activity.heartbeat;
`,
    replacement: '',
  },
  {
    name: 'the pause request is forgotten after the unpause',
    file: 'decide/open-activity.ts',
    text: `  if (activity.pause !== undefined) draft.pause = activity.pause;
`,
    replacement: '',
  },
  {
    name: 'a reset does not go back to attempt 1',
    file: 'decide/open-activity.ts',
    text: `  draft.attempt = 1;
`,
    replacement: '',
  },
  {
    name: 'a reset keeps the stamp',
    file: 'decide/open-activity.ts',
    text: `  draft.stamp = activity.stamp + 1;
`,
    replacement: '',
  },
  {
    name: 'a reset always forgets the heartbeat',
    file: 'decide/open-activity.ts',
    text: 'if (reset.resetHeartbeat && draft.heartbeat !== undefined)',
    replacement: 'if (draft.heartbeat !== undefined)',
  },
  {
    name: 'a reset ignores the start delay',
    file: 'decide/open-activity.ts',
    text: 'draft.dispatchAt = laterOf(now, firstDispatchAt(activity.scheduledAt, draft.options));',
    replacement: 'draft.dispatchAt = now;',
  },
  {
    name: 'what is due now waits for a timer',
    file: 'decide/open-activity.ts',
    text: 'draft.dispatchAt <= now ?',
    replacement: 'draft.dispatchAt < now ?',
  },
  {
    name: 'a start delay comes back after the first attempt',
    file: 'decide/open-activity.ts',
    text: `  neverStarted(activity)
    ? activity.originalOptions
    : { ...activity.originalOptions, startDelayMs: activity.options.startDelayMs };`,
    replacement: '  activity.originalOptions;',
  },
  {
    name: 'tokens of a former life are good',
    file: 'decide/lookup.ts',
    text: 'activity.scheduleOffset === scheduleOffset && activity.attempt === attempt',
    replacement: 'activity.attempt === attempt',
  },
  {
    name: 'tokens of before a pause or reset are good',
    file: 'decide/lookup.ts',
    text: 'activity.attempt === attempt && activity.stamp === stamp',
    replacement: 'activity.attempt === attempt',
  },
  {
    name: 'tokens are not looked at',
    file: 'decide/lookup.ts',
    text: `if (attempt.by === 'token' && !isOf(activity, attempt)) return staleAttempt(target);`,
    replacement: '',
  },
  {
    name: 'activities of a closed run go on',
    file: 'decide/lookup.ts',
    text: `run === undefined || run.status === 'closed' ? undefined`,
    replacement: 'run === undefined ? undefined',
  },
  {
    name: 'a failure of what no worker runs counts',
    file: 'decide/lookup.ts',
    text: 'if (isRefused(found) || isRunning(found)) return found;',
    replacement: 'return found as RunningActivity;',
  },
  {
    name: 'timers of a former life fire',
    file: 'decide/lookup.ts',
    text: 'return activity.scheduleOffset === scheduleOffset ? activity : staleTimer(target);',
    replacement: 'return activity;',
  },
  {
    name: 'timeouts fire early',
    file: 'decide/time-out.ts',
    text: 'if (deadline > context.now) return notDue(target, deadline, context.now);',
    replacement: '',
  },
  {
    name: 'a timeout is a millisecond late',
    file: 'decide/time-out.ts',
    text: 'if (deadline > context.now)',
    replacement: 'if (deadline >= context.now)',
  },
  {
    name: 'timers of an earlier attempt fire',
    file: 'decide/time-out.ts',
    text: `  if (timeoutType !== 'schedule-to-close' && !isOf(activity, timer)) return staleTimer(target);
`,
    replacement: '',
  },
  {
    name: 'schedule-to-close holds for one attempt only',
    file: 'decide/time-out.ts',
    text: `timeoutType !== 'schedule-to-close' && !isOf(activity, timer)`,
    replacement: '!isOf(activity, timer)',
  },
  {
    name: 'schedule-to-start fires while an attempt runs',
    file: 'decide/time-out.ts',
    text: `activity.status === 'scheduled' ? scheduleToStartDeadline(activity) : undefined`,
    replacement: 'scheduleToStartDeadline(activity as never)',
  },
  {
    name: 'schedule-to-close hides a pending cancel',
    file: 'decide/time-out.ts',
    text: `activity.status === 'cancel-requested' ? 'cancel-requested' : 'timeout'`,
    replacement: `'timeout'`,
  },
  {
    name: 'a heartbeat of the attempt before keeps the next alive',
    file: 'deadlines.ts',
    text: 'recordedAt === undefined ? activity.startedAt : Math.max(recordedAt, activity.startedAt)',
    replacement: 'recordedAt ?? activity.startedAt',
  },
  {
    name: 'the heartbeat timeout counts from the start',
    file: 'deadlines.ts',
    text: 'recordedAt === undefined ? activity.startedAt : Math.max(recordedAt, activity.startedAt)',
    replacement: 'activity.startedAt',
  },
  {
    name: 'the start delay shortens the whole',
    file: 'deadlines.ts',
    text: 'activity.scheduledAt + startDelayMs + scheduleToCloseTimeoutMs',
    replacement: 'activity.scheduledAt + scheduleToCloseTimeoutMs',
  },
  {
    name: 'backoff counts as time in the queue',
    file: 'deadlines.ts',
    text: 'after(activity.dispatchAt, scheduleToStartTimeoutMs)',
    replacement: 'after(activity.scheduledAt, scheduleToStartTimeoutMs)',
  },
  {
    name: 'a paused activity has no deadline',
    file: 'deadlines.ts',
    text: `    case 'paused':
      add('schedule-to-close', scheduleToCloseDeadline(activity));
`,
    replacement: `    case 'paused':
`,
  },
  {
    name: 'two claims get one attempt',
    file: 'decide/claim.ts',
    text: 'if (activity.claimId === claimId)',
    replacement: `if (claimId !== '')`,
  },
  {
    name: 'a claim that is repeated is refused',
    file: 'decide/claim.ts',
    text: 'if (activity.claimId === claimId)',
    replacement: `if (claimId === '')`,
  },
  {
    name: 'an attempt starts when it was dispatched',
    file: 'decide/claim.ts',
    text: `status: 'started', startedAt: now`,
    replacement: `status: 'started', startedAt: activity.dispatchAt`,
  },
  {
    name: 'an attempt is claimed before it is due',
    file: 'decide/claim.ts',
    text: `  if (activity.dispatchedAt === undefined) return notDue(target, activity.dispatchAt, context.now);
`,
    replacement: '',
  },
  {
    name: 'empty heartbeat details keep the former ones',
    file: 'decide/heartbeat.ts',
    text: 'heartbeat: { details, recordedAt',
    replacement:
      'heartbeat: { details: details.length === 0 ? (activity.heartbeat?.details ?? []) : details, recordedAt',
  },
  {
    name: 'the worker is not told of a pause',
    file: 'decide/heartbeat.ts',
    text: `paused: status === 'pause-requested'`,
    replacement: 'paused: false',
  },
  {
    name: 'only ids may complete',
    file: 'decide/complete.ts',
    text: `if (!running && command.attempt.by === 'token') return activityNotFound(command.target);`,
    replacement: `if (command.attempt.by === 'token') return activityNotFound(command.target);`,
  },
  {
    name: 'details that come with a failure are lost',
    file: 'decide/fail.ts',
    text: 'lastHeartbeatDetails === undefined || isOversized(lastHeartbeatDetails)',
    replacement:
      'lastHeartbeatDetails === undefined || lastHeartbeatDetails.length > 0 || isOversized(lastHeartbeatDetails)',
  },
  {
    name: 'any failure may be reported by token',
    file: 'decide/fail.ts',
    text: `attempt.by === 'token' && failure.info.type`,
    replacement: `attempt.by === 'id' && failure.info.type`,
  },
];
