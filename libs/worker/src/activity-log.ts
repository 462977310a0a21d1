import type { Log, LogLevel } from '@ratchet/kafka';
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
  const details = fields === undefined ? '' : ` ${JSON.stringify(fields, shown)}`;
  process.stderr.write(`${new Date().toISOString()} ${level.toUpperCase()} ${message}${details}\n`);
};

const shown = (_: string, value: unknown): unknown => {
  if (value instanceof Error) return value.stack ?? value.message;
  return typeof value === 'bigint' ? String(value) : value;
};
