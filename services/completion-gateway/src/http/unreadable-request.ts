import { maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyError, FastifyReply } from 'fastify';
import { securityHeaders } from '@ratchet/service-kit';
import { problem, type Problem } from './problem.ts';

interface ParseError extends Error {
  readonly code?: string | undefined;
  /** What was being read: bytes, which Fastify describes as what they would be in JSON. */
  readonly rawPacket?: unknown;
}

/** The answer to HEAD has no body; of what is not seen to be another method it may be the answer. */
const hasBody = /^(GET|POST|PUT|PATCH|DELETE|OPTIONS) /;

/**
 * Answers what never becomes a request, and closes the connection.
 *
 * Trap: Fastify's own answer has a body whatever was asked, and who asked for HEAD takes it for another answer.
 */
export function refuseUnreadable(error: ParseError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy(error);
    return;
  }
  const told = problemOf(error);
  const body = hasBody.test(startOf(error.rawPacket)) ? JSON.stringify(told) : '';
  const head = [
    `HTTP/1.1 ${String(told.status)} ${told.title}`,
    'Content-Type: application/problem+json',
    `Content-Length: ${String(Buffer.byteLength(body))}`,
    'Connection: close',
    ...Object.entries(securityHeaders).map(([name, value]) => `${name}: ${value}`),
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

/** Answers what has an address that is none, of which Fastify would speak in words of its own. */
export function refuseUnroutable({ statusCode = 400, message }: FastifyError, _: unknown, reply: FastifyReply): void {
  const told = problem(statusCode, message);
  void reply.status(told.status).headers({ ...securityHeaders, 'content-type': 'application/problem+json' });
  void reply.send(JSON.stringify(told));
}

const startOf = (packet: unknown): string => (Buffer.isBuffer(packet) ? packet.toString('latin1', 0, 16) : '');

function problemOf({ code, message }: ParseError): Problem {
  if (code === 'HPE_HEADER_OVERFLOW')
    return problem(
      431,
      `Expected the path and headers to have at most ${String(maxHeaderSize)} bytes, but they have more`,
    );
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT')
    return problem(408, 'Expected the whole request in time, but it did not come');
  return problem(400, `Expected an HTTP request, but: ${message}`);
}
