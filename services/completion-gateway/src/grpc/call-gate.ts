import {
  constants,
  type Http2Server,
  type Http2Session,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { Server, ServerDuplexStream, ServerUnaryCall } from '@grpc/grpc-js';
import { InvariantError } from '@ratchet/domain';
import { certificateName, type Authenticator, type CallAudit } from '../auth/index.ts';
import { FrontDoorError, recorded, type Principal } from '../front-door/index.ts';
import { RequestBytes, strangers, type Connection, type Limits } from '../limits/index.ts';
import type { Callers } from './faster-inflation.ts';
import { errorOfStatus, type CallMetrics } from '../call-metrics.ts';
import { healthPath, stranger } from './health-service.ts';
import { internalError, statusError } from './status-error.ts';

export interface CallGateParts {
  readonly authenticator: Authenticator;
  readonly limits: Limits;
  /** Told of who is not let in. */
  readonly audit: Pick<CallAudit, 'refused'>;
  /** Absent: requests are not counted. */
  readonly metrics?: CallMetrics | undefined;
  /** Told of what went wrong in a call and was none of its caller's doing. */
  readonly onError: (method: string, error: unknown) => void;
}

/** What grpc-js has of a call; only a part of it is of interest. */
interface InnerCall {
  readonly stream?: ServerHttp2Stream;
}

/** What grpc-js has within its server. */
interface InnerServer {
  readonly http2Servers?: ReadonlyMap<Http2Server, unknown>;
  /** By the path of a call. */
  readonly handlers?: ReadonlyMap<string, unknown>;
}

/** A connection, as HTTP/2 knows it. */
interface Session {
  readonly connection: Connection;
  /** Whose certificate it was opened with. */
  readonly certificate: string | undefined;
}

/** A call that was let in. */
interface LetIn {
  readonly principal: Principal;
  readonly bytes: Pick<RequestBytes, 'add'>;
}

/** As many as HTTP/1.1 takes here. */
const headerBytesMax = 16 * 1024;

/** So many more calls may begin on a connection than are let in: they are told so by a status. */
const surplusMax = 100;

const letIn = new WeakMap<ServerHttp2Stream, LetIn>();

/** Who makes a call that was let in. */
export const principalOfCall = (
  call: ServerUnaryCall<Buffer, unknown> | ServerDuplexStream<Buffer, unknown>,
): Principal => letInOf((call as unknown as { readonly call?: InnerCall }).call).principal;

/** Of the calls within grpc-js: who makes them, and what their messages weigh. */
export const callers: Callers = {
  nameOf: (call) => recorded(letInOf(call).principal),
  addBytes: (call, count) => {
    try {
      letInOf(call).bytes.add(count);
    } catch (error) {
      throw error instanceof FrontDoorError ? statusError(error) : error;
    }
  },
};

function letInOf(call: InnerCall | undefined): LetIn {
  const found = call?.stream === undefined ? undefined : letIn.get(call.stream);
  if (found === undefined) throw unknownGrpc('the stream of a call that was let in');
  return found;
}

/**
 * Stands before grpc-js: asks who calls by the headers of a call, before its message is taken, and bounds the
 * connections, the calls on each, the time that a message may take to come and the bytes of all messages.
 *
 * The interceptors of grpc-js come too late for that: they see no connection, and no bytes before a message is whole, and
 * a call that they refuse stays open for as long as its caller sends. So the gate takes the place of the listener that
 * grpc-js has for the streams of its HTTP/2 servers, and calls it for those that are let in.
 */
export class CallGate {
  readonly #parts: CallGateParts;
  readonly #sessions = new WeakMap<Http2Session, Session>();

  constructor(parts: CallGateParts) {
    this.#parts = parts;
  }

  /** @throws InvariantError when grpc-js is not as we know it: nobody comes in unasked. */
  guard(server: Server): void {
    const { http2Servers, handlers } = server as unknown as InnerServer;
    if (http2Servers === undefined || http2Servers.size === 0) throw unknownGrpc('its HTTP/2 servers');
    if (handlers === undefined) throw unknownGrpc('its handlers');
    for (const http2Server of http2Servers.keys()) this.#guard(http2Server, handlers);
  }

  #guard(http2Server: Http2Server, handlers: Pick<ReadonlyMap<string, unknown>, 'has'>): void {
    const { limits } = this.#parts;
    const { connections } = limits.grpc;
    const maxConcurrentStreams = limits.settings.grpcStreamsMax + surplusMax;
    http2Server.updateSettings({ maxConcurrentStreams, maxHeaderListSize: headerBytesMax });
    connections.watch(http2Server);
    http2Server.on('session', (session) => {
      const connection = connections.of(session.socket);
      if (connection === undefined) session.destroy();
      else this.#sessions.set(session, { connection, certificate: certificateOf(session.socket) });
    });
    const [listener, ...others] = http2Server.listeners('stream');
    if (listener === undefined || others.length > 0) throw unknownGrpc('its listener for streams');
    http2Server.removeAllListeners('stream');
    http2Server.on('stream', (stream, headers, ...rest) => {
      const path = headers[':path'] ?? '';
      this.#count(stream, handlers.has(path) ? path.slice(path.lastIndexOf('/') + 1) : 'unknown');
      void this.#arrive(stream, headers, () => {
        Reflect.apply(listener, http2Server, [stream, headers, ...rest]);
      });
    });
  }

  #count(stream: ServerHttp2Stream, operation: string): void {
    const ended = this.#parts.metrics?.begin('grpc', operation);
    if (ended === undefined) return;
    stream.once('close', () => {
      const { 'grpc-status': code } = { ...stream.sentHeaders, ...stream.sentTrailers };
      ended(errorOfStatus(code === undefined ? undefined : String(code)));
    });
  }

  /** Never rejects. */
  async #arrive(stream: ServerHttp2Stream, headers: IncomingHttpHeaders, pass: () => void): Promise<void> {
    const { authenticator, limits } = this.#parts;
    const session = stream.session === undefined ? undefined : this.#sessions.get(stream.session);
    // Every error is followed by a close.
    stream.on('error', () => undefined);
    const leave = limits.arriving.add((why) => {
      cut(stream, tooSlow(why));
    });
    stream.once('close', leave);
    try {
      if (session === undefined) throw new FrontDoorError('UNAVAILABLE', 'The connection is being closed.');
      if (isHealthCheck(headers)) letIn.set(stream, { principal: stranger, bytes: new StrangerBytes() });
      else {
        const principal = await authenticator.authenticate(headers.authorization, session.certificate);
        await limits.turns.next(recorded(principal));
        if (!isOver(stream)) this.#letIn(stream, session.connection, principal);
      }
      if (isOver(stream)) return;
      pass();
      // Only now: grpc-js listens first, and decides when bytes flow.
      stream.once('end', leave);
      this.#weigh(stream);
    } catch (error) {
      leave();
      await limits.turns.next(strangers);
      this.#refuse(stream, this.#asStatus(headers, session, error));
    }
  }

  #letIn(stream: ServerHttp2Stream, connection: Connection, principal: Principal): void {
    const { grpc, bytes: quota } = this.#parts.limits;
    grpc.connections.begin(connection, principal);
    const bytes = new RequestBytes(quota, principal);
    letIn.set(stream, { principal, bytes });
    stream.once('close', () => {
      bytes.free();
      grpc.connections.end(connection);
    });
  }

  #weigh(stream: ServerHttp2Stream): void {
    const bytes = letIn.get(stream)?.bytes;
    stream.on('data', ({ length }: Buffer) => {
      try {
        if (!isOver(stream)) bytes?.add(length);
      } catch (error) {
        cut(stream, error as FrontDoorError);
      }
    });
  }

  #asStatus(headers: IncomingHttpHeaders, session: Session | undefined, error: unknown): StatusError {
    const { audit, onError } = this.#parts;
    const what = headers[':path']?.split('/').at(-1) ?? '';
    if (!(error instanceof FrontDoorError)) {
      onError(what, error);
      return internalError();
    }
    audit.refused({ door: 'grpc', what, namespace: '', from: session?.connection.address ?? '', error });
    return statusError(error);
  }

  /** Who is refused may go on sending for a moment, so that it reads why. */
  #refuse(stream: ServerHttp2Stream, error: StatusError): void {
    if (isOver(stream)) return;
    answer(stream, error);
    stream.resume();
    stream.once(
      'close',
      this.#parts.limits.refused.add(() => {
        stream.close(constants.NGHTTP2_NO_ERROR);
      }),
    );
  }
}

/** What someone may send who has not said who they are: a health check names a service. */
const strangerBytesMax = 1024;

class StrangerBytes {
  #count = 0;

  add(count: number): void {
    this.#count += count;
    if (this.#count <= strangerBytesMax) return;
    const most = `at most ${String(strangerBytesMax)} bytes`;
    throw new FrontDoorError('RESOURCE_EXHAUSTED', `Expected a health check to have ${most}, but it has more.`);
  }
}

type StatusError = ReturnType<typeof statusError>;

const certificateOf = (socket: Socket | TLSSocket): string | undefined =>
  socket instanceof TLSSocket && socket.authorized ? certificateName(socket.getPeerCertificate()) : undefined;

const isHealthCheck = (headers: IncomingHttpHeaders): boolean => headers[':path']?.startsWith(healthPath) === true;

const isOver = (stream: ServerHttp2Stream): boolean => stream.destroyed || stream.closed;

/** Ends a call at once, whatever grpc-js makes of it. */
function cut(stream: ServerHttp2Stream, error: FrontDoorError): void {
  if (isOver(stream)) return;
  if (!stream.headersSent) answer(stream, statusError(error));
  stream.close(constants.NGHTTP2_NO_ERROR);
}

/** A status without a message before it. */
function answer(stream: ServerHttp2Stream, { code, details, metadata }: StatusError): void {
  const headers = {
    ':status': 200,
    'content-type': 'application/grpc+proto',
    'grpc-status': code,
    'grpc-message': encodeURI(details ?? ''),
    ...metadata?.toHttp2Headers(),
  };
  stream.respond(headers, { endStream: true });
}

const tooSlow = (why: 'time' | 'count'): FrontDoorError =>
  new FrontDoorError(
    'RESOURCE_EXHAUSTED',
    why === 'time'
      ? 'The message of the call did not come in time (RATCHET_ARRIVAL_MS_MAX).'
      : 'The message of the call was slow to come, and too many others came (RATCHET_ARRIVING_MAX).',
  );

const unknownGrpc = (what: string): InvariantError =>
  new InvariantError(`Expected to find ${what} in grpc-js, but they are not there: is it another version?`);
