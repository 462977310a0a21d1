import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { ReachedOutcome } from '../front-door/index.ts';
import { outcomeJson } from './activity-json.ts';
import { writeJson } from './json-text.ts';
import { problemOf } from './problem-of.ts';

/** So often something is sent, so that nobody in between takes the connection for a dead one. */
const keepAliveMs = 15_000;

/**
 * Server-sent events: one `outcome` when it comes, and the end. Whatever goes wrong on the way comes as `problem`.
 *
 * A reader that was cut off asks again: the outcome is kept, so nothing is missed.
 */
export async function sendOutcomeEvents(
  reply: FastifyReply,
  gone: AbortSignal,
  awaitOutcome: () => Promise<ReachedOutcome | undefined>,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const headers = reply.getHeaders() as OutgoingHttpHeaders;
  raw.writeHead(200, { ...headers, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
  raw.write('retry: 1000\n\n');
  const keepAlive = setInterval(() => raw.write(': still open\n\n'), keepAliveMs);
  try {
    const reached = await awaitOutcome();
    if (reached !== undefined) {
      raw.write(event('outcome', outcomeJson(reached.runId, reached.status, reached.outcome)));
    }
  } catch (error) {
    if (!gone.aborted) raw.write(event('problem', problemOf(error)));
  } finally {
    clearInterval(keepAlive);
    raw.end();
  }
}

/** Between the parts of a value there may be line ends: each line is one of the event's, and its reader joins them. */
function event(name: string, data: unknown): string {
  const lines = writeJson(data).split(/\r\n|\r|\n/);
  return `event: ${name}\n${lines.map((line) => `data: ${line}\n`).join('')}\n`;
}
