import { createRequire } from 'node:module';
import type { crc32c } from '@node-rs/crc32';
import type * as KafkaJs from 'kafkajs';
import { chunkedEncoder, type EncoderClass } from './chunked-encoder.ts';
import { freshConnection, type ConnectionClass, type ConnectionErrorClass } from './connection.ts';
import { honestGroup, type ConsumerGroupClass, type ProtocolErrorClass } from './consumer-group.ts';
import { readFetchedRecords, whatWasFetched, type FetchResponse } from './fetched-records.ts';
import { groupMessages } from './group-messages.ts';
import { honestOauth, type MechanismProvider } from './honest-oauth.ts';
import { PrivateCopy, type Replacement } from './private-copy.ts';
import { encodeRecord, type EncodedRecord, type RecordToEncode } from './record-encoder.ts';
import { mendedQueue, type RequestQueueClass } from './request-queue.ts';
import { steadyGroup } from './steady-group.ts';
import { wordedCreation, type TopicCreationResponse } from './topic-creation.ts';
import { tellingCluster, type ClusterClass } from './telling-cluster.ts';

type Encode = (record: RecordToEncode) => EncodedRecord;

/** Every part of kafkajs that is not its own, and by what it is replaced; each says why where it stands. */
const replacements: Readonly<Record<string, Replacement>> = {
  'network/connection.js': (own, load) => {
    const { KafkaJSConnectionError } = load('errors.js') as { readonly KafkaJSConnectionError: ConnectionErrorClass };
    return freshConnection(own as ConnectionClass, KafkaJSConnectionError);
  },
  'broker/saslAuthenticator/oauthBearer.js': (own) => honestOauth(own as MechanismProvider),
  'cluster/index.js': (own) => tellingCluster(own as ClusterClass),
  'network/requestQueue/index.js': (own) => mendedQueue(own as RequestQueueClass),
  'consumer/consumerGroup.js': (own, load) => {
    const { KafkaJSProtocolError } = load('errors.js') as { readonly KafkaJSProtocolError: ProtocolErrorClass };
    return steadyGroup(honestGroup(own as ConsumerGroupClass, KafkaJSProtocolError));
  },
  'producer/groupMessagesPerPartition.js': () => groupMessages,
  'protocol/encoder.js': (own) => chunkedEncoder(own as EncoderClass),
  // Trap: kafkajs computes the checksum of every batch byte by byte in JavaScript. In native code: twelve times as fast.
  'protocol/recordBatch/crc32C/index.js': (own) => nativeChecksum() ?? own,
  'protocol/recordBatch/record/v0/index.js': (own): Encode => {
    return (record) => ((record.timestampDelta ?? 0) === 0 ? encodeRecord(record) : (own as Encode)(record));
  },
  'protocol/requests/createTopics/v0/response.js': (own) => wordedCreation(own as TopicCreationResponse),
  'protocol/requests/fetch/v4/decodeMessages.js': () => readFetchedRecords,
  'protocol/requests/fetch/v11/response.js': (own) => whatWasFetched(own as FetchResponse),
};

/** `undefined` where the package has no binary for the platform, or was installed without. */
function nativeChecksum(): typeof crc32c | undefined {
  try {
    return (createRequire(import.meta.url)('@node-rs/crc32') as { readonly crc32c: typeof crc32c }).crc32c;
  } catch {
    return undefined;
  }
}

/** @internal for tests, which compare the parts with kafkajs's own. */
export const copy = new PrivateCopy(replacements);

/** The one kafkajs of this library: see `PrivateCopy`. */
export const {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  AssignerProtocol,
  ConfigResourceTypes,
  Kafka,
  logLevel,
  ResourcePatternTypes,
} = copy.entry as typeof KafkaJs;
