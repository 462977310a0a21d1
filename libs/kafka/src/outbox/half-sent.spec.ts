import type { RecordMetadata } from 'kafkajs';
import type { KafkaConnection } from '../cluster/connection.ts';
import { copy } from '../kafkajs/index.ts';
import { noTracing } from '../tracing/spans.ts';
import { Outbox } from './outbox.ts';

// The one mock of Kafka in this house: the trap needs a leader that moves in the middle of a request.
type SendMessages = (request: object) => Promise<RecordMetadata[]>;
const createSendMessages = copy.load('producer/sendMessages.js') as (parts: object) => SendMessages;
const createRetry = copy.load('retry/index.js') as (options: object) => unknown;
const { KafkaJSProtocolError } = copy.load('errors.js') as { KafkaJSProtocolError: new (e: object) => Error };

/** Two brokers and two partitions. Broker 1 refuses partition 1 the first time; by then broker 0 leads both. */
function movingCluster(): { send: SendMessages; written: string[] } {
  const written: string[] = [];
  let leaderOfSecond = 1;
  const broker = (nodeId: number): object => ({
    nodeId,
    produce: ({
      topicData,
    }: {
      topicData: { topic: string; partitions: { partition: number; messages: { value: string | Buffer }[] }[] }[];
    }) => {
      if (nodeId === 1) {
        leaderOfSecond = 0;
        return Promise.reject(
          new KafkaJSProtocolError({ type: 'NOT_LEADER_FOR_PARTITION', code: 6, retriable: true, message: 'moved' }),
        );
      }
      const topics = topicData.map(({ topic, partitions }) => ({
        topicName: topic,
        partitions: partitions.map(({ partition, messages }) => {
          written.push(...messages.map(({ value }) => String(value)));
          return { partition, errorCode: 0, baseOffset: String(written.length - messages.length) };
        }),
      }));
      return Promise.resolve({ topics });
    },
  });
  const brokers = [broker(0), broker(1)];
  const cluster = {
    isConnected: () => true,
    refreshMetadataIfNecessary: () => Promise.resolve(),
    refreshMetadata: () => Promise.resolve(),
    addMultipleTargetTopics: () => Promise.resolve(),
    findTopicPartitionMetadata: () => [0, 1].map((partitionId) => ({ partitionId })),
    findLeaderForPartitions: (_topic: string, partitions: string[]) => {
      const leaders: Partial<Record<string, number[]>> = {};
      for (const partition of partitions.map(Number))
        (leaders[partition === 0 ? 0 : leaderOfSecond] ??= []).push(partition);
      return leaders;
    },
    findBroker: ({ nodeId }: { nodeId: string }) => Promise.resolve(brokers[Number(nodeId)]),
  };
  const eosManager = {
    acquireBrokerLock: () => Promise.resolve(),
    releaseBrokerLock: () => Promise.resolve(),
    isTransactional: () => false,
    getProducerId: () => 1,
    getProducerEpoch: () => 0,
    getSequence: () => 0,
    updateSequence: () => undefined,
  };
  const silent = (): void => undefined;
  const send = createSendMessages({
    logger: { debug: silent, error: silent },
    cluster,
    partitioner: ({ message }: { message: { partition: number } }) => message.partition,
    eosManager,
    retrier: createRetry({ initialRetryTime: 1, retries: 3, factor: 0, multiplier: 1, maxRetryTime: 1 }),
  });
  return { send, written };
}

const messages = [
  { partition: 0, key: 'a', value: 'first' },
  { partition: 1, key: 'b', value: 'second' },
];

test("kafkajs's sendBatch resolves although the record of the moved partition was not written", async () => {
  const { send, written } = movingCluster();
  const results = await send({ acks: -1, topicMessages: [{ topic: 't', messages }] });
  expect(written).toEqual(['first']);
  expect(results.map(({ partition }) => partition)).toEqual([0]);
});

test('the outbox notices, and sends what is left again with a new producer', async () => {
  const { send, written } = movingCluster();
  const failures: string[] = [];
  let producers = 0;
  const producer = (): object => ({
    connect: () => Promise.resolve(producers++),
    disconnect: () => Promise.resolve(),
    sendBatch: send,
  });
  const connection = {
    tracing: noTracing,
    createClient: () => ({ producer, cut: () => undefined }),
    realName: (name: string) => name,
    partitionCounts: { known: () => 2, of: () => Promise.resolve(2) },
    log: () => undefined,
  };
  const outbox = new Outbox({
    connection: connection as unknown as KafkaConnection,
    steadyTopics: ['t'],
    metrics: { sendFailed: (_lane, error) => failures.push(error.message) },
  });
  const sent = messages.map(({ partition, key, value }) =>
    outbox.send({ topic: 't', partition, key, value: Buffer.from(value) }),
  );
  await expect(Promise.all(sent)).resolves.toEqual([
    { partition: 0, offset: 0 },
    { partition: 1, offset: 1 },
  ]);
  expect(written).toEqual(['first', 'second']);
  expect(failures).toEqual([expect.stringMatching(/RKT1007.*answers do not name the partitions of 1 of them/)]);
  expect(producers).toBe(2);
  await outbox.close();
});
