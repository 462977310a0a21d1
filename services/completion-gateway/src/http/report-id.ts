import { createHash } from 'node:crypto';
import type { Caller, ReportOptions } from '../front-door/index.ts';

/**
 * A report's own id: the same for every repetition, short, and never that of another door or sender.
 *
 * @param door which way it came; @param parts what names it there.
 */
export const reportIdOf = (door: 'http' | 'webhook' | 'event', ...parts: readonly string[]): string =>
  `${door}:${createHash('sha256').update(JSON.stringify(parts)).digest('base64url')}`;

/** Of an HTTP request; none when it has no id of its own, and then it counts as often as it comes. */
export const reportIn = ({ principal }: Caller, requestId: string): ReportOptions =>
  requestId === '' ? {} : { reportId: reportIdOf('http', principal.name, requestId) };
