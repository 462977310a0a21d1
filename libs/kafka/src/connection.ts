import './faster-kafkajs.ts';
import type { Socket } from 'node:net';
import { Kafka, logLevel, type Admin, type KafkaConfig, type LogEntry } from 'kafkajs';
import { OperationalError } from './errors.ts';
import { silent, type Log } from './log.ts';
import { PartitionCounts } from './partition-counts.ts';
import { mendRequestQueueTimer } from './request-queue-timer.ts';
import { clientRetry } from './retry-options.ts';
import { sleep } from './sleep.ts';
import { createSocket } from './socket-factory.ts';

export interface ConnectionOptions {
  /** `host:port` of one or more brokers; the rest are found through them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log?: Log;
  /** TLS: `true`, or Node's own options of it. */
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: KafkaConfig['sasl'];
  /** How long an answer may take; 30 s by default. */
  readonly requestTimeoutMs?: number;
  readonly connectionTimeoutMs?: number;
}

/**
 * How long connecting may take in all. kafkajs gives up on an address that refuses within 5 s, but would ask one that
 * takes connections and speaks something else for minutes.
 */
const connectMsMax = 15_000;

/** How long `close` waits for answers that are still on their way. */
const disconnectMsMax = 1_000;

/**
 * The one way to Kafka. Everything else in this room is made of one; share it within a process.
 *
 * What was made of it is closed before it. Whatever is not, or waits for a broker that does not answer, is cut off: it
 * fails, and cannot connect again.
 */
export class KafkaConnection {
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly log: Log;
  /** @internal kafkajs's client; only this room may use it. */
  readonly kafka: Kafka;
  /** @internal */
  readonly admin: Admin;
  /** How many partitions each topic has, as far as it was asked for. */
  readonly partitionCounts: PartitionCounts;
  readonly #sockets = new Set<Socket>();
  #isClosed = false;

  constructor(options: ConnectionOptions) {
    mendRequestQueueTimer();
    const { brokers, clientId, log = silent } = options;
    this.brokers = brokers;
    this.clientId = clientId;
    this.log = log;
    this.kafka = new Kafka({
      // Trap: kafkajs looks for a broker in loops within loops, for minutes; it gives up at once when there is none to try.
      brokers: () => (this.#isClosed ? [] : [...brokers]),
      clientId,
      socketFactory: (address) => this.#connect(address),
      ...(options.ssl === undefined ? {} : { ssl: options.ssl }),
      ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
      connectionTimeout: options.connectionTimeoutMs ?? 3000,
      requestTimeout: options.requestTimeoutMs ?? 30_000,
      retry: clientRetry,
      logLevel: logLevel.WARN,
      logCreator: () => forwardTo(log),
    });
    this.admin = this.kafka.admin({ retry: clientRetry });
    this.partitionCounts = new PartitionCounts(this.admin);
  }

  /** Within a second or so, whether a broker answers or not. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.race([this.admin.disconnect().catch(() => undefined), sleep(disconnectMsMax)]);
    for (const socket of this.#sockets) socket.destroy(closedError());
  }

  #connect(address: Parameters<typeof createSocket>[0]): Socket {
    if (this.#isClosed) throw closedError();
    const socket = createSocket(address);
    this.#sockets.add(socket);
    return socket.once('close', () => this.#sockets.delete(socket));
  }
}

const closedError = (): Error => new Error('Expected to speak to a broker, but the connection was closed');

const speechless = (): Error =>
  new Error(
    `nothing there has spoken Kafka's protocol within ${String(connectMsMax / 1000)} s: is it another server's port?`,
  );

/** What kafkajs can connect to: it would take the rest of any other text for a port, and ask for minutes. */
const brokerAddress = /^(\[[\da-fA-F:]+\]|[\w.-]+):\d{1,5}$/;

function checkBrokers(brokers: readonly string[]): void {
  if (brokers.every((broker) => brokerAddress.test(broker))) return;
  const given = withoutCredentials(brokers.join(','));
  throw new OperationalError(
    `Expected the addresses of brokers as host:port, separated by commas, but got '${given}'`,
    'RKT1301',
    false,
  );
}

/** An address as it may be shown: what stands before its last @ may hold a password. */
export const withoutCredentials = (address: string): string => address.replace(/^([a-z]+:\/\/)?.*@/is, '$1***@');

/**
 * Connects to Kafka, once for a process.
 *
 * @throws OperationalError RKT1301 when an address is none; RKT1001 when none of the brokers answers, after at most 15 s.
 */
export async function connectKafka(options: ConnectionOptions): Promise<KafkaConnection> {
  checkBrokers(options.brokers);
  const connection = new KafkaConnection(options);
  try {
    await Promise.race([connection.admin.connect(), sleep(connectMsMax).then(() => Promise.reject(speechless()))]);
    return connection;
  } catch (cause) {
    await connection.close().catch(() => undefined);
    const addresses = options.brokers.join(', ');
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new OperationalError(
      `Expected to reach Kafka at ${addresses}, but no broker answers (${reason})`,
      'RKT1001',
      true,
      { cause },
    );
  }
}

/** kafkajs calls errors what it then retries by itself; what it gives up on is told by whoever asked for it. */
const forwardTo =
  (log: Log) =>
  ({ namespace, log: { message, logger: _logger, timestamp: _timestamp, stack: _stack, ...fields } }: LogEntry) => {
    log('debug', `kafkajs ${namespace}: ${message}`, fields);
  };
