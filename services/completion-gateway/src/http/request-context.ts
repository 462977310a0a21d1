import { TLSSocket } from 'node:tls';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readTrace, type Tracing } from '@ratchet/kafka';
import { certificateName, type Authenticator, type RefusedCall } from '../auth/index.ts';
import type { Caller, Principal } from '../front-door/caller.ts';
import type { Connection } from '../limits/index.ts';
import { fields, wrongIn, type FieldName } from '../fields/fields.ts';
import { beginRequest, type RequestTrace } from '../request-trace.ts';
import { ProblemError } from './problem.ts';

/** What was found out about a request before its handler is called. */
export interface KnownCaller {
  readonly principal: Principal;
  readonly connection: Connection;
}

const callers = new WeakMap<FastifyRequest, KnownCaller>();

const traces = new WeakMap<FastifyRequest['raw'], RequestTrace>();

export type TraceOfCaller = Pick<Caller, 'trace' | 'traceBegunHere'>;

/** Gives each request a span, by method and path of its route. */
export function traceRequests(instance: FastifyInstance, tracing: Tracing): void {
  instance.addHook('onRequest', ({ raw, headers, routeOptions, method }, _reply, done) => {
    const describe = () => {
      const { url } = routeOptions;
      const route = url === undefined ? {} : { 'http.route': url };
      return {
        name: url === undefined ? method : `${method} ${url}`,
        attributes: { 'http.request.method': method, ...route },
      };
    };
    if (tracing.isOn) traces.set(raw, beginRequest(tracing, headers, describe));
    done();
  });
  instance.addHook('onResponse', ({ raw }, { statusCode }, done) => {
    const status = { 'http.response.status_code': statusCode };
    traces.get(raw)?.end(status, statusCode < 500 ? undefined : String(statusCode));
    traces.delete(raw);
    done();
  });
  instance.addHook('onRequestAbort', ({ raw }, done) => {
    traces.get(raw)?.end({}, 'the caller has gone');
    traces.delete(raw);
    done();
  });
}

export function rememberCaller(request: FastifyRequest, caller: KnownCaller): void {
  callers.set(request, caller);
}

/** @throws FrontDoorError (rejects) UNAUTHENTICATED. */
export const authenticateRequest = (
  authenticator: Authenticator,
  { headers, socket }: FastifyRequest,
): Promise<Principal> =>
  authenticator.authenticate(
    headers.authorization,
    socket instanceof TLSSocket && socket.authorized ? certificateName(socket.getPeerCertificate()) : undefined,
  );

/** What is said of a request that was refused. */
export const refusedCall = (request: FastifyRequest): Omit<RefusedCall, 'error'> => ({
  door: 'http',
  what: `${request.method} ${request.routeOptions.url ?? 'nowhere'}`,
  namespace: textIn(request.params, 'namespace') ?? '',
  principal: callers.get(request)?.principal,
  from: request.ip,
});

/** Who calls; the namespace is that of the address. */
export const From = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const principal = callers.get(request)?.principal;
  if (principal === undefined) throw new ProblemError(401, 'Request unauthorized.');
  const namespace = textIn(request.params, 'namespace') ?? '';
  checkParameter('namespace', namespace);
  const identity = textIn(request.body, 'identity') ?? principal.name;
  return { namespace, identity, principal, ...traceOfRequest(request) };
});

/** The trace that a request belongs to, for its `Caller`. */
export function traceOfRequest({ raw, headers }: Pick<FastifyRequest, 'raw' | 'headers'>): TraceOfCaller {
  const known = traces.get(raw);
  if (known !== undefined) return { trace: known.trace, traceBegunHere: known.traceBegunHere };
  const trace = readTrace(headers);
  return { trace, traceBegunHere: trace?.traceparent === undefined };
}

/** The request's own id: in the body, or in the header Idempotency-Key; empty when there is none. */
export const RequestId = createParamDecorator((_: unknown, context: ExecutionContext): string => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const inBody = textIn(request.body, 'requestId');
  if (inBody !== undefined && inBody !== '') return inBody;
  const header = request.headers['idempotency-key'];
  const key = Array.isArray(header) ? header[0] : header;
  if (key === undefined) return '';
  checkParameter('idempotency-key', key);
  return key;
});

/** @throws ProblemError 400 for what is not as the table of fields has it. */
function checkParameter(parameter: FieldName, value: string): void {
  const detail = wrongIn(fields[parameter], value);
  if (detail !== undefined) throw new ProblemError(400, `${parameter}: ${detail}`, { errors: [{ parameter, detail }] });
}

/** How a caller wants to be told of what is yet to come. */
export interface Listener {
  /** As server-sent events. */
  readonly wantsEvents: boolean;
  /** Aborted when the caller has gone. */
  readonly gone: AbortSignal;
  readonly reply: FastifyReply;
}

export const Listening = createParamDecorator((_: unknown, context: ExecutionContext): Listener => {
  const request = context.switchToHttp().getRequest<FastifyRequest>();
  const { headers, method } = request;
  const reply = context.switchToHttp().getResponse<FastifyReply>();
  // An answer to HEAD has no body in which events could come: it would be held back until the outcome.
  const wantsEvents = method !== 'HEAD' && (headers.accept ?? '').includes('text/event-stream');
  const gone = new AbortController();
  const onClosed = callers.get(request)?.connection.onClosed;
  const leave = (): void => {
    onClosed?.delete(leave);
    gone.abort();
  };
  reply.raw.once('close', leave);
  // An answer that waits for those before it on its connection is never told that this is closed.
  onClosed?.add(leave);
  return { wantsEvents, gone: gone.signal, reply };
});

function textIn(object: unknown, name: string): string | undefined {
  if (typeof object !== 'object' || object === null || !Object.hasOwn(object, name)) return undefined;
  const value: unknown = (object as Readonly<Record<string, unknown>>)[name];
  return typeof value === 'string' ? value : undefined;
}
