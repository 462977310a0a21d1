import { isatty } from 'node:tty';
import pino, { type DestinationStream, type Logger } from 'pino';
import pretty from 'pino-pretty';
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
  return pino(
    {
      name: service,
      level: logLevel,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
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
