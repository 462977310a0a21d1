import type { Socket } from 'node:net';
import { namingResponse } from './denied.ts';

/** The part of kafkajs's connection to one broker that is mended here. */
interface Connection {
  readonly broker: string;
  readonly requestTimeout: number;
  readonly socket?: Socket;
  bytesBuffered: number;
  bytesNeeded: number;
  chunks: Buffer[];
  authHandlers: object | null;
  connect(): Promise<unknown>;
  send(request: RequestToSend): Promise<unknown>;
  sendAuthRequest(request: object): Promise<unknown>;
}

/** A request, and how its answer is read. */
export interface RequestToSend {
  readonly response: Parameters<typeof namingResponse>[0];
}

export type ConnectionClass = new (options: object) => Connection;

/** kafkajs tries again after this error. */
export type ConnectionErrorClass = new (message: string, connection: { readonly broker: string }) => Error;

/** The size that stands before each answer. */
const sizeBytes = 4;

/**
 * kafkajs's connection to a broker, which begins anew when it connects anew, is closed when an answer is overdue, and says
 * which names a broker denies.
 *
 * Traps in kafkajs's own: what a former socket left of an unfinished answer is put before the first bytes of the next
 * socket, and no answer can be told from another ever after; two requests that find it closed open two sockets that
 * write into one buffer; an answer that is overdue leaves the socket open, where all later requests wait behind it;
 * a broker that falls silent while it authenticates is waited for without end.
 */
export const freshConnection = (own: ConnectionClass, ConnectionError: ConnectionErrorClass): ConnectionClass =>
  class extends own {
    #connecting: Promise<unknown> | undefined;

    override connect(): Promise<unknown> {
      return (this.#connecting ??= this.#connect().finally(() => (this.#connecting = undefined)));
    }

    override async send(request: RequestToSend): Promise<unknown> {
      try {
        return await super.send({ ...request, response: namingResponse(request.response) });
      } catch (error) {
        if (error instanceof Error && error.name === 'KafkaJSRequestTimeoutError') this.#close(error);
        throw error;
      }
    }

    override sendAuthRequest(request: object): Promise<unknown> {
      return new Promise((resolve, reject) => {
        const overdue = setTimeout(() => {
          const error = new ConnectionError('Timed out while authenticating', { broker: this.broker });
          this.#close(error);
          reject(error);
        }, this.requestTimeout);
        void super
          .sendAuthRequest(request)
          .then(resolve, reject)
          .then(() => {
            clearTimeout(overdue);
          });
      });
    }

    #connect(): Promise<unknown> {
      this.bytesBuffered = 0;
      this.bytesNeeded = sizeBytes;
      this.chunks = [];
      this.authHandlers = null;
      return super.connect();
    }

    /** Whatever else waits on this socket fails with the error, and the next request opens another. */
    #close(error: Error): void {
      this.socket?.destroy(error);
    }
  };
