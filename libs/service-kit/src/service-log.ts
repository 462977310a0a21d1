import { isatty } from 'node:tty';
import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
import { LastingFaults } from '@ratchet/kafka';
import type { ServiceConfig } from './settings.ts';

export type ServiceLog = Logger;

/**
 * The log of a service, on standard output: one JSON object a line, or a readable line with colours on a terminal.
 *
 * It is written before a call returns, so that the last words before a crash are not lost.
 */
export function createServiceLog(
  service: string,
  { logLevel, logFormat }: Pick<ServiceConfig, 'logLevel' | 'logFormat'>,
): ServiceLog {
  const onTerminal = isatty(1);
  const isPretty = logFormat === 'pretty' || (logFormat === 'auto' && onTerminal);
  const destination = isPretty ? prettyStream(onTerminal) : pino.destination({ fd: 1, sync: true });
  const log = pino(
    {
      name: service,
      level: logLevel,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }), log: withCode },
      hooks: {
        logMethod(args, method, number) {
          if (isNews(faults, args, pino.levels.labels[number])) method.apply(this, args);
        },
      },
    },
    destination,
  );
  const faults = new LastingFaults((faultLevel, message, fields) => {
    log[faultLevel]({ ...fields, [counted]: true }, message);
  });
  process.once('exit', () => {
    faults.flush();
  });
  return log;
}

/** A line that counts others is said as it is. */
const counted = Symbol('counted');

/** Whether a line is said: an error that is repeated is said once, and then how often it came. */
function isNews(faults: LastingFaults, [fields, message]: readonly unknown[], level: string | undefined): boolean {
  if (level !== 'warn' && level !== 'error') return true;
  if (typeof fields === 'string') return faults.admits(level, fields);
  if (typeof fields !== 'object' || fields === null || typeof message !== 'string') return true;
  const { audit, context, err, error = err } = fields as Readonly<Record<string, unknown>>;
  // Those two count by themselves.
  if (audit !== undefined || context === 'kafka' || counted in fields) return true;
  return faults.admits(level, message, { ...fields }, error instanceof Error ? error.message : '');
}

/** An error among the fields, as pino shows `err`; its code stands beside, where it can be looked for. */
function withCode(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { error, err = error } = fields;
  if (!(err instanceof Error)) return fields;
  const code = 'code' in err && typeof err.code === 'string' ? { code: err.code } : {};
  return { ...code, ...fields, ...(error === err ? { error: pino.stdSerializers.err(err) } : {}) };
}

function prettyStream(colorize: boolean): DestinationStream {
  return pretty({
    colorize,
    sync: true,
    ignore: 'pid,hostname,name,context',
    translateTime: 'SYS:HH:MM:ss.l',
    messageFormat: '{if context}{context}: {end}{msg}',
    singleLine: true,
  });
}
