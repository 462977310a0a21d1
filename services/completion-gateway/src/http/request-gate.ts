import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/index.ts';
import { recorded, type Principal } from '../front-door/index.ts';
import { RequestBytes, strangers, type Connection, type Limits } from '../limits/index.ts';
import type { WebhookDeliveries } from '../webhooks/webhook-deliveries.ts';
import { readSenderJson } from './json-text.ts';
import { ProblemError } from './problem.ts';
import { authenticateRequest, rememberCaller } from './request-context.ts';
import { isDocs, isWebhook } from './routes.ts';

export interface RequestGateParts {
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  readonly webhooks: Pick<WebhookDeliveries, 'expect' | 'verify'>;
}

/** RFC 8259, and whatever is said to be a form of it (RFC 6839). */
const jsonType = /^application\/(?:[\w!#$&^.+-]+\+)?json(?:;|$)/;

/** 2 MiB of bytes, as base64 or escaped in JSON, and what is around them. */
export const bodyBytesMax = 6 * 1024 * 1024;

/** A request whose caller is known, from its headers to its answer. */
interface Known {
  readonly principal: Principal;
  readonly bodyBytesMax: number;
  readonly bytes: RequestBytes;
  readonly connection: Connection;
  /** Let in: its body is here, and it counts. */
  state: 'arriving' | 'let in' | 'over';
}

/**
 * Stands before the controllers: asks who calls by the headers of a request, before its body is taken, and bounds the
 * connections, the requests on each, the time that a body may take to come and the bytes of all bodies.
 *
 * A body is JSON and nothing else: any other content type, forms and plain text among them, is answered 415, and so is one
 * that is compressed. A webhook is
 * expected by its name, its age and the shape of its signature; its body, which is small, is read, and taken as JSON once
 * the signature is verified, whatever its content type says, which the signature does not cover.
 */
export class RequestGate {
  readonly #parts: RequestGateParts;
  readonly #known = new WeakMap<FastifyRequest, Known>();

  constructor(parts: RequestGateParts) {
    this.#parts = parts;
  }

  /** Before the routes are added. */
  guard(instance: FastifyInstance): void {
    const { server } = instance;
    this.#parts.limits.http.connections.watch(server);
    // Whoever asks before it sends its body is answered once it is known.
    server.on('checkContinue', (request, response) => server.emit('request', request, response));
    instance.addHook('onRequest', (request, reply) => this.#arrive(request, reply));
    instance.removeAllContentTypeParsers();
    instance.addContentTypeParser(jsonType, (request: FastifyRequest, body: Incoming) => this.#take(request, body));
    instance.addContentTypeParser('*', (request: FastifyRequest) => Promise.reject(notJson(request)));
    instance.addHook('preValidation', (request, _, done) => {
      try {
        this.#letIn(request);
        // A request without a body says no more than an empty one; of a webhook its emptiness must be signed, too.
        const none = Buffer.from(isWebhook(request) ? '' : '{}');
        if (request.method === 'POST') request.body ??= this.#bodyOf(request, none);
        done();
      } catch (error) {
        done(error as Error);
      }
    });
  }

  /** @throws (rejects) what a caller is told of whom nothing is taken. */
  async #arrive(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { turns } = this.#parts.limits;
    try {
      const principal = await this.#identify(request, reply);
      await turns.next(principal === undefined ? strangers : recorded(principal));
    } catch (error) {
      await turns.next(strangers);
      throw error;
    }
    if (request.headers.expect?.toLowerCase() === '100-continue') reply.raw.writeContinue();
  }

  /** @returns nobody for what anybody may see. */
  async #identify(request: FastifyRequest, reply: FastifyReply): Promise<Principal | undefined> {
    const { authenticator, limits } = this.#parts;
    if (request.is404) throw new ProblemError(404, `Cannot ${request.method} ${request.url.slice(0, 200)}`);
    if (isDocs(request)) return undefined;
    if (isWebhook(request)) {
      request.headers['content-type'] = 'application/json';
      return this.#know(request, reply, this.#expectWebhook(request), limits.settings.webhookBytesMax);
    }
    return this.#know(request, reply, await authenticateRequest(authenticator, request), bodyBytesMax);
  }

  #expectWebhook({ params, headers }: FastifyRequest): Principal {
    return this.#parts.webhooks.expect((params as { readonly name: string }).name, headers);
  }

  #know(request: FastifyRequest, reply: FastifyReply, principal: Principal, bytesMax: number): Principal {
    const { limits } = this.#parts;
    const connection = limits.http.connections.of(request.raw.socket);
    if (connection === undefined) throw new ProblemError(503, 'The connection is closed.');
    if (Number(request.headers['content-length'] ?? 0) > bytesMax) throw tooLarge(bytesMax);
    const bytes = new RequestBytes(limits.bytes, principal);
    const known: Known = { principal, connection, bodyBytesMax: bytesMax, bytes, state: 'arriving' };
    this.#known.set(request, known);
    rememberCaller(request, { principal, connection });
    const end = (): void => {
      connection.onClosed.delete(end);
      this.#end(known);
    };
    reply.raw.once('close', end);
    // An answer that waits for those before it on its connection is never told that this is closed.
    connection.onClosed.add(end);
    return principal;
  }

  async #take(request: FastifyRequest, body: Incoming): Promise<unknown> {
    const { 'content-encoding': encoding = 'identity' } = request.headers;
    if (encoding.toLowerCase() !== 'identity') throw isEncoded(encoding);
    return this.#bodyOf(request, await this.#read(request, body));
  }

  #bodyOf(request: FastifyRequest, bytes: Buffer): unknown {
    if (!isWebhook(request)) return readSenderJson(bytes);
    const { params, headers } = request;
    return this.#parts.webhooks.verify((params as { readonly name: string }).name, headers, bytes);
  }

  /** @throws (rejects) ProblemError 408 or 413, FrontDoorError RESOURCE_EXHAUSTED. */
  async #read(request: FastifyRequest, body: Incoming): Promise<Buffer> {
    const known = this.#known.get(request);
    // Without a caller nothing is read: a route that the gate does not know of takes no body.
    if (known === undefined) throw new ProblemError(401, 'Request unauthorized.');
    const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
    const chunks: Buffer[] = [];
    let count = 0;
    const hear = (chunk: Buffer): void => {
      try {
        count += chunk.length;
        if (count > known.bodyBytesMax) throw tooLarge(known.bodyBytesMax);
        known.bytes.add(chunk.length);
        chunks.push(chunk);
      } catch (error) {
        reject(error);
      }
    };
    const cutOff = (): void => {
      reject(new ProblemError(400, 'Expected a whole body, but the connection ended before'));
    };
    body.on('data', hear).once('error', cutOff).once('close', cutOff);
    body.once('end', () => {
      resolve(Buffer.concat(chunks, count));
    });
    const leave = this.#parts.limits.arriving.add((why) => {
      reject(tooSlow(why));
    });
    try {
      return await promise;
    } catch (error) {
      // The request, whose listeners hold them, lasts until its connection is closed.
      chunks.length = 0;
      known.bytes.free();
      throw error;
    } finally {
      leave();
      body.off('data', hear).off('error', cutOff).off('close', cutOff);
    }
  }

  /** @throws FrontDoorError RESOURCE_EXHAUSTED. */
  #letIn(request: FastifyRequest): void {
    const known = this.#known.get(request);
    if (known === undefined) return;
    const { connections, calls } = this.#parts.limits.http;
    const { connection, principal, state } = known;
    if (state === 'over') throw new ProblemError(503, 'The connection is closed.');
    connections.begin(connection, principal);
    try {
      calls.take(principal);
    } catch (error) {
      connections.end(connection);
      throw error;
    }
    known.state = 'let in';
  }

  #end(known: Known): void {
    const { connections, calls } = this.#parts.limits.http;
    const { state, bytes, connection, principal } = known;
    known.state = 'over';
    bytes.free();
    if (state !== 'let in') return;
    connections.end(connection);
    calls.give(principal);
  }
}

type Incoming = FastifyRequest['raw'];

function notJson({ headers: { 'content-type': type = '' } }: FastifyRequest): ProblemError {
  const given = type === '' ? 'it has none' : `it is ${JSON.stringify(type.slice(0, 100))}`;
  return new ProblemError(415, `Expected a body whose content-type is application/json, but ${given}`);
}

const isEncoded = (encoding: string): ProblemError =>
  new ProblemError(
    415,
    `Expected a body as it is, but its content-encoding is ${JSON.stringify(encoding.slice(0, 100))}: send it uncompressed`,
  );

const tooLarge = (bytesMax: number): ProblemError =>
  new ProblemError(413, `Expected a body of at most ${String(bytesMax)} bytes, but it has more`);

const tooSlow = (why: 'time' | 'count'): ProblemError =>
  why === 'time'
    ? new ProblemError(408, 'Expected the whole body in time (RATCHET_ARRIVAL_MS_MAX), but it did not come')
    : new ProblemError(429, 'The body was slow to come, and too many others came (RATCHET_ARRIVING_MAX).');
