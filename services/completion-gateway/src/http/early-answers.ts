import { maxHeaderSize } from 'node:http';
import type { Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { securityHeaders } from '@ratchet/service-kit';
import type { TimedQueue } from '../limits/index.ts';
import { problem, type Problem } from './problem.ts';

interface ParseError extends Error {
  readonly code?: string | undefined;
  /** What was being read: bytes, which Fastify describes as what they would be in JSON. */
  readonly rawPacket?: unknown;
}

/** The answer to HEAD has no body; of what is not seen to be another method it may be the answer. */
const hasBody = /^(GET|POST|PUT|PATCH|DELETE|OPTIONS) /;

/**
 * Answers whatever is not here as a whole: requests whose bodies are still to come, and what never becomes a request.
 *
 * The rest is not read. The connection is closed, and only a moment after the answer: closing it while bytes are unread
 * resets it, and the answer is lost on its way (RFC 9112, section 9.6).
 */
export class EarlyAnswers {
  readonly #leaving: TimedQueue;

  /** @param leaving cuts off those who were answered. */
  constructor(leaving: TimedQueue) {
    this.#leaving = leaving;
  }

  guard(instance: FastifyInstance): void {
    instance.addHook('onSend', (request, reply, payload, done) => {
      if (request.raw.complete) done(null, payload);
      else
        this.#answer(request, reply, payload, (early) => {
          done(null, early);
        });
    });
  }

  /**
   * For Fastify's `clientErrorHandler`: answers what never becomes a request.
   *
   * Trap: Fastify's own answer has a body whatever was asked, and who asked for HEAD takes it for another answer.
   */
  readonly refuseUnreadable = (error: ParseError, socket: Socket): void => {
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
    socket.pause();
    socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
    const leave = this.#leaving.add(() => socket.destroy());
    socket.once('close', leave);
  };

  /** For Fastify's `frameworkErrors`, which no hook sees: answers what has an address that is none. */
  readonly refuseUnroutable = (
    { statusCode = 400, message }: FastifyError,
    request: FastifyRequest,
    reply: FastifyReply,
  ): void => {
    const told = problem(statusCode, message);
    void reply.status(told.status).headers({ ...securityHeaders, 'content-type': 'application/problem+json' });
    this.#answer(request, reply, JSON.stringify(told), (payload) => void reply.send(payload));
  };

  /** Sends an answer, in a form that ends a moment later if some of the request is still to come. */
  #answer({ raw }: FastifyRequest, reply: FastifyReply, payload: unknown, send: (payload: unknown) => void): void {
    // A body that came with its headers is parsed by then.
    setImmediate(() => {
      if (!raw.complete) void reply.header('connection', 'close');
      // The others are files of the docs, and nothing at all.
      send(raw.complete || typeof payload !== 'string' ? payload : this.#slow(raw, reply, payload));
    });
  }

  /** Node closes the connection at the end of the answer, which comes when the caller has long read all of it. */
  #slow(raw: FastifyRequest['raw'], reply: FastifyReply, payload: string): PassThrough {
    raw.pause();
    void reply.header('content-length', String(Buffer.byteLength(payload)));
    const answer = new PassThrough();
    answer.write(payload);
    return answer.once(
      'close',
      this.#leaving.add(() => answer.end()),
    );
  }
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
