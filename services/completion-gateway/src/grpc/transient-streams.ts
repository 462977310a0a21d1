import type { Http2Server, ServerHttp2Session } from 'node:http2';
import type { Server } from '@grpc/grpc-js';
import { TransientMap } from '@ratchet/kafka';

/** What Node keeps of a session; only a part of it is of interest. */
interface SessionState {
  streams: Pick<ReadonlyMap<number, object>, 'size' | 'get'>;
}

/**
 * Lets go of calls that have ended. Node keeps the streams of a session in a `Map`, whose former tables keep each one,
 * and all that belongs to its call, until a major garbage collection; `TransientMap` says why.
 *
 * It finds the HTTP/2 servers in a list of grpc-js's own; where that is not there any more, all stays as it is.
 */
export function letGoOfEndedCalls(server: Server): void {
  const { http2Servers } = server as unknown as { readonly http2Servers?: ReadonlyMap<Http2Server, unknown> };
  for (const http2Server of http2Servers?.keys() ?? []) http2Server.on('session', keepStreamsTransiently);
}

/** It takes the place of a map of Node's own; where that is not there any more, all stays as it is. */
function keepStreamsTransiently(session: ServerHttp2Session): void {
  const state = stateOf(session);
  if (state?.streams.size === 0) state.streams = new TransientMap<number, object>();
}

function stateOf(session: ServerHttp2Session): SessionState | undefined {
  const symbol = Object.getOwnPropertySymbols(session).find(({ description }) => description === 'state');
  if (symbol === undefined) return undefined;
  return (session as unknown as Readonly<Record<symbol, SessionState | undefined>>)[symbol];
}
