import type { Mutant } from './mutant.ts';

/** Planted bugs in requests, ids, runs, state and options. */
export const requestMutants: readonly Mutant[] = [
  {
    name: 'a second cancel request reaches the worker',
    file: 'decide/request-cancel.ts',
    text: `  if (activity.cancel !== undefined) {
    return refuse('failed-precondition', \`cancellation already requested with request ID \${activity.cancel.requestId}\`);
  }
`,
    replacement: '',
  },
  {
    name: 'a shield does not shield',
    file: 'decide/request-cancel.ts',
    text: 'return activity.shielded || (',
    replacement: 'return (',
  },
  {
    name: 'a cancelled run cancels what came after it',
    file: 'decide/request-cancel.ts',
    text: 'activity.scheduledAt > runCancel.requestedAt',
    replacement: 'activity.scheduledAt > runCancel.requestedAt + 1e9',
  },
  {
    name: 'a cancelled run cancels what was scheduled under the same id since',
    file: 'decide/request-cancel.ts',
    text: 'activity.scheduleOffset >= openBefore',
    replacement: 'activity.scheduleOffset > openBefore + 1e9',
  },
  {
    name: 'a worker is not told that others have ended its attempt',
    file: 'decide/transition.ts',
    text: `if (end !== 'reported') return`,
    replacement: `if (end === 'timed-out') return`,
  },
  {
    name: 'a worker that comes too late is told of a time-out that was none',
    file: 'decide/heartbeat.ts',
    text: `activity.status === 'timed-out' && activity.attempt === attempt`,
    replacement: `activity.attempt === attempt`,
  },
  {
    name: 'a cancel without a request is reported',
    file: 'decide/report-canceled.ts',
    text: `activity.status !== 'cancel-requested' || activity.cancel === undefined`,
    replacement: `activity.cancel === undefined && activity.status === 'cancel-requested'`,
  },
  {
    name: 'a paused task can still be claimed',
    file: 'decide/pause.ts',
    text: 'pause, version, stamp: activity.stamp + 1 }',
    replacement: 'pause, version }',
  },
  {
    name: 'a late repetition pauses again',
    file: 'decide/pause.ts',
    text: `  if (pauseRequestIdOf(activity) === command.requestId) return accept(acknowledged);
`,
    replacement: '',
  },
  {
    name: 'an unpause drops the backoff',
    file: 'decide/pause.ts',
    text: 'draft.dispatchAt = laterOf(now, activity.dispatchAt);',
    replacement: 'draft.dispatchAt = now;',
  },
  {
    name: 'an unpause dispatches in the past',
    file: 'decide/pause.ts',
    text: 'draft.dispatchAt = laterOf(now, activity.dispatchAt);',
    replacement: 'draft.dispatchAt = activity.dispatchAt;',
  },
  {
    name: 'a reset overrides a pending cancel',
    file: 'decide/reset.ts',
    text: `if (activity.status === 'cancel-requested') {`,
    replacement: 'if (activity.requestIds.length === 0) {',
  },
  {
    name: 'a running attempt keeps a pause nobody asked for',
    file: 'decide/reset.ts',
    text: `const kept = keepPaused && activity.status === 'pause-requested';`,
    replacement: 'const kept = keepPaused;',
  },
  {
    name: 'an update moves nothing to the new queue',
    file: 'decide/update-options.ts',
    text: `  draft.stamp = activity.stamp + 1;
`,
    replacement: '',
  },
  {
    name: 'an update overrides the delay a worker asked for',
    file: 'decide/update-options.ts',
    text: `} else if (activity.retryIntervalSource === 'retry-policy') {`,
    replacement: '} else {',
  },
  {
    name: 'the start delay changes after the first attempt',
    file: 'decide/update-options.ts',
    text: 'neverStarted(activity) && (activity.status',
    replacement: '(activity.status',
  },
  {
    name: 'an update that changes nothing loses the place in the queue',
    file: 'decide/update-options.ts',
    text: 'const isSame = sameOptions(activity.options, updated.value);',
    replacement: 'const isSame = activity.options === updated.value;',
  },
  {
    name: 'the backoff is cut short',
    file: 'decide/dispatch.ts',
    text: `  if (activity.dispatchAt > context.now) return notDue(command.target, activity.dispatchAt, context.now);
`,
    replacement: '',
  },
  {
    name: 'a task is dispatched twice',
    file: 'decide/dispatch.ts',
    text: `activity.status === 'scheduled' && activity.dispatchedAt === undefined;`,
    replacement: `activity.status === 'scheduled';`,
  },
  {
    name: 'a repeated redispatch counts again',
    file: 'decide/dispatch.ts',
    text: 'stamp: activity.stamp + 1, dispatchedAt',
    replacement: 'dispatchedAt',
  },
  {
    name: 'a repeated request starts another run',
    file: 'decide/schedule.ts',
    text: `  if (isRepeated(latest, command)) return existing(latest);
`,
    replacement: '',
  },
  {
    name: 'use existing is not remembered',
    file: 'decide/schedule.ts',
    text: '...attached.slice(-(requestIdsMax - 2)), requestId]',
    replacement: '...attached]',
  },
  {
    name: 'an id of a completed activity counts as failed',
    file: 'decide/schedule.ts',
    text: `return status !== 'completed';`,
    replacement: 'return true;',
  },
  {
    name: 'an open id of a run is free',
    file: 'decide/schedule.ts',
    text: `  if (former !== undefined && !isClosed(former)) return alreadyStarted(former);
`,
    replacement: '',
  },
  {
    name: 'a closed run takes new activities',
    file: 'decide/schedule.ts',
    text: `if (run.status === 'closed') {`,
    replacement: `if (run.id.runId === '') {`,
  },
  {
    name: 'an activity outlives its closed run',
    file: 'decide/terminate.ts',
    text: 'activity.scheduleOffset >= closedOffset',
    replacement: 'activity.scheduleOffset < closedOffset',
  },
  {
    name: 'what is open in an open run is closed with it',
    file: 'decide/terminate.ts',
    text: `findRun(view, target)?.status !== 'closed' || `,
    replacement: '',
  },
  {
    name: 'what is retained goes when someone is ahead of the clock',
    file: 'decide/expire.ts',
    text: 'Math.min(before, context.now)',
    replacement: 'before',
  },
  {
    name: 'activities of an expired run stay open for ever',
    file: 'decide/expire.ts',
    text: '  for (const activityId of view.openActivityIds(run)) {',
    replacement: '  for (const activityId of [] as string[]) {',
  },
  {
    name: 'a second run of a workflow id opens beside the first',
    file: 'decide/run.ts',
    text: `if (latest !== undefined && latest.status !== 'closed') return alreadyOpened(latest);`,
    replacement: '',
  },
  {
    name: 'a run is cancelled twice',
    file: 'decide/run.ts',
    text: '  if (run.cancel !== undefined) {',
    replacement: `  if (run.id.runId === '') {`,
  },
  {
    name: 'a signal counts twice',
    file: 'decide/signal.ts',
    text: `  if (isRemembered(known, signalId)) return accept(acknowledged);
`,
    replacement: '',
  },
  {
    name: 'signals of every name are taken in with those of one',
    file: 'decide/signal.ts',
    text: `if (name === '' || signal.name === name) offsets`,
    replacement: 'offsets',
  },
  {
    name: 'a run keeps any number of signals',
    file: 'decide/signal.ts',
    text: 'view.signalCount(run) >= waitingSignalsMax',
    replacement: 'false',
  },
  {
    name: 'a run keeps signals of any size',
    file: 'decide/signal.ts',
    text: 'view.signalBytes(run) + payloadsBytes(args) > waitingSignalBytesMax',
    replacement: 'false',
  },
  {
    name: 'what a run leaves does not count against what may go at once',
    file: 'decide/expire.ts',
    text: 'if (bounded) left -= count;',
    replacement: '',
  },
  {
    name: 'a repeated report counts again',
    file: 'decide/report-once.ts',
    text: '    if (isRemembered(known, reportId)) return accept(acknowledged);',
    replacement: '',
  },
  {
    name: 'the next life of an id forgets what was reported of the former',
    file: 'decide/schedule.ts',
    text: '...(former?.reportIds === undefined ? {} : { reportIds: former.reportIds }),',
    replacement: '',
  },
  {
    name: 'an open activity is deleted and nobody hears of its end',
    file: 'decide/delete.ts',
    text: 'if (isClosed(activity)) return',
    replacement: `if (activity.id.runId !== '') return`,
  },
  {
    name: 'a deleted run leaves its id to a former one',
    file: 'decide/delete.ts',
    text: 'if (former.length > 0) return',
    replacement: 'if (former.length < 0) return',
  },
  {
    name: 'a cancel request does not reach the worker',
    file: 'decide/transition.ts',
    text: `  if (before !== undefined && isRunning(before)) {`,
    replacement: `  if (before !== undefined && isRunning(before) && before.status !== 'started') {`,
  },
  {
    name: 'the outcome reaches nobody',
    file: 'decide/transition.ts',
    text: '  if (isClosed(activity)) effects',
    replacement: '  if (before !== undefined && isClosed(before) && isClosed(activity)) effects',
  },
  {
    name: 'open activities come in no order',
    file: 'index-rows.ts',
    text: 'const row = { key: `${run}/${ordered(scheduleOffset)}`,',
    replacement: 'const row = { key: `${run}/${ordered(2 ** 40 - scheduleOffset)}`,',
  },
  {
    name: 'closed activities stay in the index of the open ones',
    file: 'index-rows.ts',
    text: "if (isOpen(activity)) rows.push({ table: 'openInRun', ...row });",
    replacement: "rows.push({ table: 'openInRun', ...row });",
  },
  {
    name: 'a replaced record expires',
    file: 'index-rows.ts',
    text: 'for (const row of former) if (!after.some((other) => isSame(row, other))) setRow(rows, row, undefined);',
    replacement: 'if (after.length === 0) for (const row of former) setRow(rows, row, undefined);',
  },
  {
    name: 'the latest run is the one that came last in a restore',
    file: 'life-index.ts',
    text: 'const isLatest = known.name === name || order > known.order;',
    replacement: 'const isLatest = known.order >= 0;',
  },
  {
    name: 'what expires is not in order',
    file: 'index-rows.ts',
    text: 'const key = `${ordered(activity.expiresAt)}${ordered(version)}${ordered(scheduleOffset)}`;',
    replacement: 'const key = `${ordered(version)}${ordered(activity.expiresAt)}${ordered(scheduleOffset)}`;',
  },
  {
    name: 'what hides a row of the store is not seen in a range',
    file: 'state-rows.ts',
    text: 'for (const key of keys) merged.set(key, layer.get(table, key) ?? removed);',
    replacement:
      'for (const key of keys) if (layer.get(table, key) !== removed) merged.set(key, layer.get(table, key) ?? removed);',
  },
  {
    name: 'the store is told of what is not committed',
    file: 'state-rows.ts',
    text: 'return valueOf(this.#below(table, key));',
    replacement: 'return this.get(table, key);',
  },
  {
    name: 'parts of a life that is over stay in the store',
    file: 'state-rows.ts',
    text: 'if (offset <= last && !there.has(offset)) this.put(table, offset, undefined);',
    replacement: 'if (offset > last && !there.has(offset)) this.put(table, offset, undefined);',
  },
  {
    name: 'the backoff grows once too often',
    file: 'retry-policy.ts',
    text: 'power(policy.backoffCoefficient, attempt - 1)',
    replacement: 'power(policy.backoffCoefficient, attempt)',
  },
  {
    name: 'the maximum interval is ignored',
    file: 'retry-policy.ts',
    text: 'Math.min(uncut, policy.intervalMsMax, durationMsMax)',
    replacement: 'Math.min(uncut, durationMsMax)',
  },
  {
    name: 'excluded error types match by their beginning',
    file: 'retryable.ts',
    text: '!nonRetryableErrorTypes.includes(info.errorType)',
    replacement: '!nonRetryableErrorTypes.some((type) => info.errorType.startsWith(type))',
  },
  {
    name: 'whole-execution timeouts are retried',
    file: 'retryable.ts',
    text: `(type === 'start-to-close' || type === 'heartbeat') &&`,
    replacement: 'type !== undefined &&',
  },
  {
    name: 'heartbeat may be longer than start-to-close',
    file: 'normalise-options.ts',
    text: 'millis(Math.min(heartbeat.value, startToCloseTimeoutMs))',
    replacement: 'heartbeat.value',
  },
  {
    name: 'a limit of one attempt is checked all the same',
    file: 'normalise-retry-policy.ts',
    text: `  if (checked.kind === 'refused' && request.attemptsMax === 1) return checkRetryPolicy({ attemptsMax: 1 });
`,
    replacement: '',
  },
  {
    name: 'two task queues share a topic',
    file: 'identity.ts',
    text: `\`-\${byte.toString(16).padStart(2, '0')}\``,
    replacement: `'-'`,
  },
  {
    name: "the log's clock runs back",
    file: 'log-clock.ts',
    text: 'appendTimeMs > previousNow ? epochMillis(appendTimeMs) : previousNow',
    replacement: 'epochMillis(Math.max(0, appendTimeMs))',
  },
  {
    name: 'a text over the limit passes',
    file: 'utf8.ts',
    text: 'text.length * 3 > bytesMax && utf8Length(text) > bytesMax',
    replacement: 'text.length > bytesMax',
  },
];
