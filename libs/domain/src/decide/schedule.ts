import type { ActivityOptions } from '../activity-options.ts';
import { isClosed, type Activity, type OpenActivity } from '../activity.ts';
import type { Schedule } from '../command.ts';
import { accept, refuse, refuseAtLimit, type Decision, type DecisionContext } from '../decision.ts';
import type { ExecutionId } from '../identity.ts';
import { callbackUrlsMax, keptWithRunMax, linksMax, requestIdsMax, retentionWithRunMs } from '../limits.ts';
import type { PartitionView } from '../partition-view.ts';
import { isDriven, isExact, isRemembering } from '../rules.ts';
import { millis } from '../units.ts';
import { mayHaveLinks } from '../validate.ts';
import { checkSchedule } from '../validate-schedule.ts';
import { transition } from './transition.ts';
import { findRun, runNotFound } from './lookup.ts';
import { firstDispatchAt, scheduledFrom } from './open-activity.ts';

/** A new activity, or the one that has the id already. Semantics sections 1.1 and 1.5. */
export function decideSchedule(view: PartitionView, command: Schedule, context: DecisionContext): Decision {
  const options = checkSchedule(command, context.rules);
  if (options.kind === 'refused') return options;
  const schedule = { command, options: options.value, context };
  return command.target.workflowId === '' ? scheduleStandalone(view, schedule) : scheduleInRun(view, schedule);
}

interface CheckedSchedule {
  readonly command: Schedule;
  readonly options: ActivityOptions;
  readonly context: DecisionContext;
}

/** The latest run of the id decides: first the request id, then the conflict policy if open, the reuse policy if closed. */
function scheduleStandalone(view: PartitionView, schedule: CheckedSchedule): Decision {
  const { command, context } = schedule;
  const { target } = command;
  // A repetition names the same run; another request with a run id that is taken is a mistake of its sender.
  const sameRun = view.activity(target);
  if (sameRun !== undefined) return isRepeated(sameRun, command) ? existing(sameRun) : alreadyStarted(sameRun);

  const runId = view.latestRunId(target.namespace, target.activityId);
  if (runId === undefined) return start(target, schedule);
  const latest = view.activity({ ...target, runId });
  if (latest === undefined) return start(target, schedule, lifeOrRemains(view, { ...target, runId }, context));
  if (isRepeated(latest, command)) return existing(latest);
  if (isClosed(latest)) return mayReuse(latest, command) ? start(target, schedule, latest) : alreadyStarted(latest);
  return command.idConflictPolicy === 'use-existing' ? attach(latest, command, context) : alreadyStarted(latest);
}

/**
 * An id is unique among the open activities of its run, whatever the conflict policy says. After closing the reuse policy
 * decides, unless the activity is kept as long as its run: then its id is never free again.
 */
function scheduleInRun(view: PartitionView, schedule: CheckedSchedule): Decision {
  const { command, context } = schedule;
  const { target } = command;
  const run = findRun(view, target);
  if (run === undefined) return runNotFound(target);
  // The run's own strings: thousands of activities may share them.
  const id = { ...run.id, activityId: target.activityId };
  const former = view.activity(id);
  if (former !== undefined && isRepeated(former, command)) return existing(former);
  if (run.status === 'closed') {
    const message = `workflow run ${run.id.runId} is closed: no activity can be scheduled in it`;
    return refuse('failed-precondition', message);
  }
  if (former !== undefined && !isClosed(former)) return alreadyStarted(former);
  if (isDriven(context.rules)) {
    if (former !== undefined && !isFreeInRun(former, command)) return alreadyStarted(former);
    if (isKeptWithRun(command) && view.keptActivityCount(run.id) >= keptWithRunMax) {
      const message = `workflow run ${run.id.runId} has ${String(keptWithRunMax)} activities that are kept as long as it`;
      return refuseAtLimit('keptWithRunMax', message);
    }
  }
  return start(id, schedule, lifeOrRemains(view, id, context));
}

/** The activity that had the id, or what is left of it. */
const lifeOrRemains = (view: PartitionView, id: ExecutionId, { rules }: DecisionContext): Activity | undefined =>
  view.activity(id) ?? (isRemembering(rules) ? view.deletedActivity(id) : undefined);

/** @param former the closed activity that had the id: what was reported of it is no news to the new one. */
function start(id: ExecutionId, { command, options, context }: CheckedSchedule, former?: Activity): Decision {
  const { now, offset } = context;
  const activity = scheduledFrom(
    {
      id,
      activityType: command.activityType,
      scheduleOffset: offset,
      version: offset,
      requestIds: [command.requestId],
      scheduledAt: now,
      retentionMs: command.retentionMs,
      transitionCount: 0,
      attempt: 1,
      options,
      originalOptions: options,
      input: command.input,
      header: command.header,
      shielded: command.shielded,
      stamp: 1,
      dispatchAt: firstDispatchAt(now, options),
      retryIntervalMs: millis(0),
      retryIntervalSource: 'retry-policy',
      lastWorkerIdentity: '',
      ...(command.userMetadata === undefined ? {} : { userMetadata: command.userMetadata }),
      ...(command.links === undefined ? {} : { links: command.links }),
      ...(command.callbackUrls === undefined ? {} : { callbackUrls: [...new Set(command.callbackUrls)] }),
      ...(former?.reportIds === undefined ? {} : { reportIds: former.reportIds }),
    },
    now,
  );
  return accept({ type: 'Scheduled', runId: id.runId, started: true }, transition(undefined, activity));
}

const isRepeated = ({ requestIds }: Activity, { requestId }: Schedule): boolean => requestIds.includes(requestId);

const existing = ({ id }: Activity): Decision => accept({ type: 'Scheduled', runId: id.runId, started: false });

/**
 * USE_EXISTING: the activity takes on what the command says it is to. A request id that it remembers starts no other one,
 * should the command log bring the same request again after the activity has closed.
 */
function attach(activity: OpenActivity, command: Schedule, { offset, rules }: DecisionContext): Decision {
  const callbackUrls = unionOf(activity.callbackUrls, command.callbackUrls);
  if (callbackUrls !== undefined && callbackUrls.length > callbackUrlsMax) return tooManyCallbacks(activity);
  const links = linksWith(activity, command);
  if (links !== undefined && !mayHaveLinks(links)) return tooManyLinks(activity, links.length);
  const requestIds = requestIdsWith(activity, command, links !== undefined || !isExact(rules));
  const isSame = requestIds === activity.requestIds && callbackUrls?.length === activity.callbackUrls?.length;
  if (isSame) return existing(activity);
  const attached = { ...(callbackUrls && { callbackUrls }), ...(links && { links }) };
  return accept(
    { type: 'Scheduled', runId: activity.id.runId, started: false },
    transition(activity, { ...activity, requestIds, version: offset, ...attached }),
  );
}

/** With that of the command, if the command or what else it attaches says so. Of the attached ones the latest are kept. */
function requestIdsWith({ requestIds }: OpenActivity, command: Schedule, isKept: boolean): readonly string[] {
  const { requestId, onConflict } = command;
  if (!isKept && onConflict?.attachRequestId === false) return requestIds;
  const [first = requestId, ...attached] = requestIds;
  return [first, ...attached.slice(-(requestIdsMax - 2)), requestId];
}

/** The links of the activity with those that are attached; nothing where none are. */
function linksWith({ links: former = [] }: OpenActivity, { links = [], onConflict }: Schedule): Activity['links'] {
  return onConflict?.attachLinks === true && links.length > 0 ? [...former, ...links] : undefined;
}

/** Each once; nothing where there are none. */
function unionOf(one: readonly string[] = [], other: readonly string[] = []): readonly string[] | undefined {
  const all = new Set([...one, ...other]);
  return all.size === 0 ? undefined : [...all];
}

function tooManyCallbacks({ callbackUrls = [] }: OpenActivity): Decision {
  const attached = `(${String(callbackUrls.length)} callbacks already attached)`;
  const message = `cannot attach more than ${String(callbackUrlsMax)} callbacks to an activity ${attached}`;
  return refuseAtLimit('callbackUrlsMax', message);
}

const tooManyLinks = ({ links = [] }: OpenActivity, wanted: number): Decision =>
  refuseAtLimit(
    wanted > linksMax ? 'linksMax' : 'linksBytesMax',
    `cannot attach more than ${String(linksMax)} links to an activity (${String(links.length)} links already attached)`,
  );

const isFreeInRun = (former: Activity, command: Schedule): boolean =>
  !isKeptWithRun(former) && mayReuse(former, command);

const isKeptWithRun = ({ retentionMs }: Activity | Schedule): boolean => retentionMs >= retentionWithRunMs;

function mayReuse({ status }: Activity, { idReusePolicy }: Schedule): boolean {
  switch (idReusePolicy) {
    case 'allow-duplicate':
      return true;
    case 'allow-duplicate-failed-only':
      return status !== 'completed';
    case 'reject-duplicate':
      return false;
  }
}

const alreadyStarted = ({ id, requestIds }: Activity): Decision => ({
  kind: 'refused',
  refusal: {
    reason: 'already-started',
    message: 'activity execution already started',
    existing: { runId: id.runId, startRequestId: requestIds[0] ?? '' },
  },
});
