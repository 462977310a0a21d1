import { isClosed, isOpen, isUnclaimed, type Activity } from './activity.ts';
import { runKey } from './identity.ts';
import { retentionWithRunMs } from './limits.ts';
import { priorityLevel } from './priority.ts';
import type { StateRows } from './state-rows.ts';
import { ordered, type StateTable } from './state-store.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** What an index says of an entity. */
export interface IndexRow {
  readonly table: StateTable;
  readonly key: string;
  readonly value: number | string;
  /** Counts the rows of its kind. */
  readonly tally?: string;
}

/** The tasks of a queue that have one level of priority, and so one topic. */
export interface TaskQueueLevel {
  readonly namespace: string;
  readonly taskQueue: string;
  readonly level: number;
}

const asAscii = (text: string): string => encodeURIComponent(text.toWellFormed());

export const queueName = ({ namespace, taskQueue, level }: TaskQueueLevel): string =>
  `${asAscii(namespace)}/${asAscii(taskQueue)}/${String(level)}`;

export function queueNamed(name: string): TaskQueueLevel {
  const [namespace = '', taskQueue = '', level] = name.split('/');
  return { namespace: decodeURIComponent(namespace), taskQueue: decodeURIComponent(taskQueue), level: Number(level) };
}

/** The rows that the indexes have of an activity as it stands. */
export function activityRows(activity: Activity, digest: (text: string) => string): readonly IndexRow[] {
  const { id, scheduleOffset, version } = activity;
  const rows: IndexRow[] = [];
  if (id.workflowId !== '') {
    const isKept = isKeptWithRun(activity);
    const run = isKept || isOpen(activity) ? digest(runKey(id)) : '';
    const row = { key: `${run}/${ordered(scheduleOffset)}`, value: asAscii(id.activityId) };
    if (isOpen(activity)) rows.push({ table: 'openInRun', ...row });
    if (isKept) rows.push({ table: 'keptInRun', ...row, tally: `kept/${run}` });
  }
  if (isUnclaimed(activity)) {
    const level = priorityLevel(activity.options.priorityKey);
    const queue = queueName({ namespace: id.namespace, taskQueue: activity.options.taskQueue, level });
    const key = `${queue}/${ordered(activity.dispatchAt)}${ordered(scheduleOffset)}`;
    rows.push({ table: 'unclaimed', key, value: scheduleOffset, tally: `unclaimed/${queue}` });
  }
  // What goes with its run would wait here for a hundred years.
  if (isClosed(activity) && !isKeptWithRun(activity)) {
    const key = `${ordered(activity.expiresAt)}${ordered(version)}${ordered(scheduleOffset)}`;
    rows.push({ table: 'expiry', key, value: scheduleOffset });
  }
  return rows;
}

/** The rows that the indexes have of a run as it stands. */
export function runRows({ id, version, close }: WorkflowRun, digest: (text: string) => string): readonly IndexRow[] {
  if (close === undefined) return [];
  return [{ table: 'expiry', key: `${ordered(close.expiresAt)}${ordered(version)}`, value: digest(runKey(id)) }];
}

/** The index of an entity that was one and is another, or is gone (no rows). */
export function changeRows(rows: StateRows, former: readonly IndexRow[], after: readonly IndexRow[]): void {
  for (const row of former) if (!after.some((other) => isSame(row, other))) setRow(rows, row, undefined);
  for (const row of after) if (!former.some((other) => isSame(row, other))) setRow(rows, row, row.value);
}

function setRow(rows: StateRows, { table, key, tally }: IndexRow, value: number | string | undefined): void {
  if (value === undefined) rows.put(table, key, undefined);
  else rows.add(table, key, value);
  if (tally !== undefined) rows.count(tally, value === undefined ? -1 : 1);
}

const isSame = (one: IndexRow, other: IndexRow): boolean => one.table === other.table && one.key === other.key;

const isKeptWithRun = ({ id, retentionMs }: Activity): boolean =>
  id.workflowId !== '' && retentionMs >= retentionWithRunMs;
