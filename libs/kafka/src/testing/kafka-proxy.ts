import { connect, createServer, type Server, type Socket } from 'node:net';
import { FrameReader } from './frame-reader.ts';

/** The requests that tests look at; numbers of the Kafka protocol. */
export const apiKeys = {
  produce: 0,
  fetch: 1,
  metadata: 3,
  offsetCommit: 8,
  offsetFetch: 9,
  findCoordinator: 10,
  joinGroup: 11,
  heartbeat: 12,
  leaveGroup: 13,
  syncGroup: 14,
  addPartitionsToTxn: 24,
  endTxn: 26,
} as const;

/** Answers of a group coordinator; numbers of the Kafka protocol. */
export const errorCodes = {
  unknownServerError: -1,
  coordinatorLoadInProgress: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  illegalGeneration: 22,
  unknownMemberId: 25,
  rebalanceInProgress: 27,
} as const;

export interface ProxiedRequest {
  readonly apiKey: number;
  /** Whether it is a produce request within a transaction. */
  readonly isTransactional: boolean;
}

/**
 * What happens to a request: it goes on; it goes on and its answer is swallowed, comes late, comes in half and then the
 * connection breaks, or comes with another error code (of answers that begin with the throttle time and an error code,
 * as those of group coordinators do); or it never reaches the broker, and perhaps its connection breaks.
 */
export type Fate =
  | 'forward'
  | 'swallow-answer'
  | 'halve-answer'
  | 'hold'
  | 'cut'
  | { readonly answerDelayMs: number }
  | { readonly answerError: number };

/**
 * Stands between one client and one broker, and decides the fate of each request.
 *
 * It rewrites the broker's port wherever the broker tells its address, so that a client that came through the proxy
 * stays with it.
 */
export class KafkaProxy {
  /** Called for each request, in order per connection. */
  decide: (request: ProxiedRequest) => Fate = () => 'forward';
  readonly #broker: { readonly host: string; readonly port: number };
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #port = 0;

  private constructor(broker: string) {
    const separator = broker.lastIndexOf(':');
    this.#broker = { host: broker.slice(0, separator), port: Number(broker.slice(separator + 1)) };
    this.#server = createServer((client) => {
      this.#join(client);
    });
  }

  /** @param broker `host:port`, as the broker advertises itself. */
  static async start(broker: string): Promise<KafkaProxy> {
    const proxy = new KafkaProxy(broker);
    await new Promise<void>((resolve) => proxy.#server.listen(0, '127.0.0.1', resolve));
    const address = proxy.#server.address();
    proxy.#port = typeof address === 'object' && address !== null ? address.port : 0;
    return proxy;
  }

  get address(): string {
    return `${this.#broker.host}:${String(this.#port)}`;
  }

  /** Breaks all connections; new ones are taken. */
  cut(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  async stop(): Promise<void> {
    this.cut();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket): void {
    const broker = connect(this.#broker);
    const fates = new Map<number, Fate>();
    for (const socket of [client, broker]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        this.#sockets.delete(socket);
        client.destroy();
        broker.destroy();
      });
    }
    const requests = new FrameReader();
    client.on('data', (chunk: Buffer) => {
      for (const frame of requests.read(chunk)) {
        const fate = this.decide(requestOf(frame));
        if (fate === 'cut') client.destroy();
        if (fate === 'hold' || fate === 'cut') continue;
        if (fate !== 'forward') fates.set(frame.readInt32BE(8), fate);
        broker.write(frame);
      }
    });
    const answers = new FrameReader();
    broker.on('data', (chunk: Buffer) => {
      for (const frame of answers.read(chunk)) {
        const correlationId = frame.readInt32BE(4);
        answer(client, this.#redirected(frame), fates.get(correlationId) ?? 'forward');
        fates.delete(correlationId);
      }
    });
  }

  /** Host and port stand side by side in answers: length, text, 32 bits of port. */
  #redirected(answer: Buffer): Buffer {
    const { host, port } = this.#broker;
    const pattern = Buffer.alloc(host.length + 6);
    pattern.writeInt16BE(host.length, 0);
    pattern.write(host, 2);
    pattern.writeInt32BE(port, host.length + 2);
    for (let at = answer.indexOf(pattern); at !== -1; at = answer.indexOf(pattern, at + 1)) {
      answer.writeInt32BE(this.#port, at + host.length + 2);
    }
    return answer;
  }
}

/** Size and correlation id; then the throttle time, and the error code. */
const errorCodeAt = 12;

function answer(client: Socket, frame: Buffer, fate: Fate): void {
  if (fate === 'swallow-answer') return;
  if (fate === 'halve-answer') {
    client.write(frame.subarray(0, frame.length / 2), () => client.destroy());
  } else if (typeof fate === 'object' && 'answerDelayMs' in fate) {
    const copy = Buffer.from(frame);
    setTimeout(() => client.write(copy), fate.answerDelayMs).unref();
  } else {
    if (typeof fate === 'object') frame.writeInt16BE(fate.answerError, errorCodeAt);
    client.write(frame);
  }
}

/** Size, api key, version, correlation id, client id; of a produce request the transactional id comes next. */
function requestOf(frame: Buffer): ProxiedRequest {
  const apiKey = frame.readInt16BE(4);
  const body = 14 + Math.max(0, frame.readInt16BE(12));
  return { apiKey, isTransactional: apiKey === apiKeys.produce && frame.readInt16BE(body) !== -1 };
}
