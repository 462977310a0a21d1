import './faster-kafkajs.ts';
import { Kafka, logLevel, type Admin, type KafkaConfig, type LogEntry } from 'kafkajs';
import { OperationalError } from './errors.ts';
import { silent, type Log } from './log.ts';
import { PartitionCounts } from './partition-counts.ts';
import { mendRequestQueueTimer } from './request-queue-timer.ts';
import { clientRetry } from './retry-options.ts';
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
 * The one way to Kafka. Everything else in this room is made of one; share it within a process.
 *
 * Closing it does not close what was made of it.
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

  constructor(options: ConnectionOptions) {
    mendRequestQueueTimer();
    const { brokers, clientId, log = silent } = options;
    this.brokers = brokers;
    this.clientId = clientId;
    this.log = log;
    this.kafka = new Kafka({
      brokers: [...brokers],
      clientId,
      socketFactory: createSocket,
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

  async close(): Promise<void> {
    await this.admin.disconnect();
  }
}

/**
 * Connects to Kafka, once for a process.
 *
 * @throws OperationalError RKT1001 when none of the brokers answers.
 */
export async function connectKafka(options: ConnectionOptions): Promise<KafkaConnection> {
  const connection = new KafkaConnection(options);
  try {
    await connection.admin.connect();
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
