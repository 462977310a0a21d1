import { guardedLog, type Log, type LogLevel } from '@ratchet/kafka';
import { errorText } from '@ratchet/protocol';
import type { ActivityInfo } from './activity-info.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** Logs with what is known of the attempt. */
export type ActivityLog = Readonly<Record<LogLevel, (message: string, fields?: LogFields) => void>>;

export function activityLog(log: Log, info: ActivityInfo): ActivityLog {
  const { namespace, workflowId, runId, activityId, activityType, attempt, taskQueue } = info;
  const ofAttempt = { namespace, workflowId, runId, activityId, activityType, attempt, taskQueue };
  const at =
    (level: LogLevel) =>
    (message: string, fields: LogFields = {}): void => {
      log(level, message, { ...ofAttempt, ...fields });
    };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Where a worker logs when nobody says where: lines on stderr, without debug. */
export const stderrLog: Log = (level, message, fields) => {
  if (level === 'debug') return;
  const details = fields === undefined ? '' : ` ${inJson(fields)}`;
  process.stderr.write(`${new Date().toISOString()} ${level.toUpperCase()} ${message}${details}\n`);
};

/** The user's own log; a line that it fails on goes to stderr, with the reason: neither an attempt nor its worker ends for it. */
export const userLog = (log: Log): Log =>
  guardedLog(log, (error, level, message, fields) => {
    stderrLog(level, message, { ...fields, logFailed: errorText(error) });
  });

/** What cannot be shown does not keep the rest of a line from being said. */
function inJson(fields: LogFields): string {
  try {
    return JSON.stringify(fields, shown);
  } catch {
    return JSON.stringify(Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, textOf(value)])));
  }
}

function textOf(value: unknown): string {
  try {
    return String(shown('', value));
  } catch {
    return 'a value that cannot be shown';
  }
}

const shown = (_: string, value: unknown): unknown => {
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === 'bigint' ? String(value) : value;
};
