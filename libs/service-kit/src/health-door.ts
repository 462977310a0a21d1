import type { Socket } from 'node:net';
import { HttpException } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Probes and scrapers are few: of more connections the one that was opened first gives way. */
export const healthConnectionsMax = 100;
/** For a request to come as a whole, and for an answer to be taken. */
const requestMsMax = 5_000;
const lookMs = 1_000;
/** A scraper asks every half a minute or so, by one connection. */
const idleMsMax = 75_000;

/** Of the server that answers health and metrics, whoever asks. */
export const healthServerOptions = {
  bodyLimit: 1,
  requestTimeout: requestMsMax,
  connectionTimeout: idleMsMax,
  http: { headersTimeout: requestMsMax, connectionsCheckingInterval: lookMs },
} as const;

/**
 * Health and metrics are only read. Whoever sends a body is answered before it is read, and its connection closed; and nobody
 * keeps others out by opening connections.
 */
export function guardHealthDoor(instance: Pick<FastifyInstance, 'addHook' | 'server'>): void {
  const open = new Set<Socket>();
  instance.server.on('connection', (socket) => {
    const [oldest] = open;
    if (oldest !== undefined && open.size >= healthConnectionsMax) {
      open.delete(oldest);
      oldest.destroy();
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
  });
  instance.addHook('onRequest', ({ headers }, reply, done) => {
    const hasBody = headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
    if (!hasBody) {
      done();
      return;
    }
    void reply.header('connection', 'close');
    done(new HttpException('Expected no body', 413));
  });
}
