import type {
  Admin as KafkaAdmin,
  ITopicMetadata,
  Message,
  Producer as KafkaProducer,
  RecordMetadata,
  Transaction as KafkaTransaction,
} from 'kafkajs';
import { deadLetterTopicHeader, isDeadLetterTopic } from '../dead-letter.ts';

const prefixLengthMax = 40;

/** Completes "expected ...". */
export const prefixExpected = `1 to ${String(prefixLengthMax)} of a-z, A-Z, 0-9, '.', '_' and '-', without 'ratchet' in it`;

/**
 * Whether names may begin with it. Every name of ours begins with `ratchet` behind its prefix: a prefix that has it, too, could
 * make two installations meet in one name, and the rights of one cover the other's.
 */
export const isPrefix = (given: string): boolean =>
  /^[\w.-]+$/.test(given) && given.length <= prefixLengthMax && !given.includes('ratchet');

/** What this room uses of kafkajs's administration: nothing else is to be had, so that no name goes out untranslated. */
export type Admin = Pick<
  KafkaAdmin,
  | 'connect'
  | 'createTopics'
  | 'deleteGroups'
  | 'deleteTopicRecords'
  | 'deleteTopics'
  | 'describeCluster'
  | 'describeConfigs'
  | 'describeGroups'
  | 'disconnect'
  | 'fetchOffsets'
  | 'fetchTopicMetadata'
  | 'fetchTopicOffsets'
  | 'listGroups'
  | 'listTopics'
>;

export type Transaction = Pick<KafkaTransaction, 'abort' | 'commit' | 'sendBatch'>;

export interface Producer extends Pick<KafkaProducer, 'connect' | 'disconnect' | 'send' | 'sendBatch'> {
  transaction(): Promise<Transaction>;
}

/**
 * The administration of one installation on a Kafka that it shares: whoever asks says and hears names without the prefix,
 * and sees no other installation's.
 */
export function prefixedAdmin(admin: KafkaAdmin, prefix: string): Admin {
  const real = (name: string): string => prefix + name;
  const own = (name: string): string => name.slice(prefix.length);
  return {
    connect: () => admin.connect(),
    disconnect: () => admin.disconnect(),
    describeCluster: () => admin.describeCluster(),
    listTopics: async () => (await admin.listTopics()).filter((name) => name.startsWith(prefix)).map(own),
    listGroups: async () => ({
      groups: (await admin.listGroups()).groups
        .filter(({ groupId }) => groupId.startsWith(prefix))
        .map((group) => ({ ...group, groupId: own(group.groupId) })),
    }),
    createTopics: ({ topics, ...options }) =>
      admin.createTopics({ ...options, topics: topics.map((each) => ({ ...each, topic: real(each.topic) })) }),
    deleteTopics: ({ topics, ...options }) => admin.deleteTopics({ ...options, topics: topics.map(real) }),
    deleteTopicRecords: ({ topic, partitions }) => admin.deleteTopicRecords({ topic: real(topic), partitions }),
    fetchTopicMetadata: async (options): Promise<{ topics: ITopicMetadata[] }> => {
      const { topics } = await admin.fetchTopicMetadata(options && { topics: options.topics.map(real) });
      return { topics: topics.map((each) => ({ ...each, name: own(each.name) })) };
    },
    fetchTopicOffsets: (topic) => admin.fetchTopicOffsets(real(topic)),
    // Asked of topics alone: brokers have no prefix.
    describeConfigs: async ({ resources, ...options }) => {
      const described = await admin.describeConfigs({
        ...options,
        resources: resources.map((each) => ({ ...each, name: real(each.name) })),
      });
      return {
        ...described,
        resources: described.resources.map((each) => ({ ...each, resourceName: own(each.resourceName) })),
      };
    },
    fetchOffsets: async ({ groupId, topics, ...options }) => {
      const asked = topics === undefined ? {} : { topics: topics.map(topicOf).map(real) };
      const found = await admin.fetchOffsets({ ...options, ...asked, groupId: real(groupId) });
      return found.map((each) => ({ ...each, topic: own(each.topic) }));
    },
    describeGroups: async (groupIds) => {
      const { groups } = await admin.describeGroups(groupIds.map(real));
      return { groups: groups.map((each) => ({ ...each, groupId: own(each.groupId) })) };
    },
    deleteGroups: async (groupIds) => {
      const deleted = await admin.deleteGroups(groupIds.map(real));
      return deleted.map((each) => ({ ...each, groupId: own(each.groupId) }));
    },
  };
}

const topicOf = (topic: string | { readonly topic: string }): string =>
  typeof topic === 'string' ? topic : topic.topic;

/** As `prefixedAdmin`. Its transactional id is its maker's matter. Costs two texts per topic of a request, none per record. */
export function prefixedProducer(producer: KafkaProducer, prefix: string): Producer {
  return {
    connect: () => producer.connect(),
    disconnect: () => producer.disconnect(),
    send: async (record) => results(await producer.send({ ...record, topic: prefix + record.topic }), prefix),
    sendBatch: async ({ topicMessages = [], ...batch }) => {
      const named = topicMessages.map(({ topic, messages }) => ({
        topic: prefix + topic,
        messages: isDeadLetterTopic(topic) ? messages.map((message) => prefixedDeadLetter(message, prefix)) : messages,
      }));
      return results(await producer.sendBatch({ ...batch, topicMessages: named }), prefix);
    },
    transaction: async () => prefixedTransaction(await producer.transaction(), prefix),
  };
}

/** Who reads a dead letter learns from where it came: to send it there again is to send it to this installation. */
function prefixedDeadLetter(message: Message, prefix: string): Message {
  const topic = message.headers?.[deadLetterTopicHeader];
  if (typeof topic !== 'string') return message;
  return { ...message, headers: { ...message.headers, [deadLetterTopicHeader]: prefix + topic } };
}

const prefixedTransaction = (transaction: KafkaTransaction, prefix: string): Transaction => ({
  sendBatch: async ({ topicMessages = [], ...batch }) => {
    const named = topicMessages.map(({ topic, messages }) => ({ topic: prefix + topic, messages }));
    return results(await transaction.sendBatch({ ...batch, topicMessages: named }), prefix);
  },
  commit: () => transaction.commit(),
  abort: () => transaction.abort(),
});

const results = (written: readonly RecordMetadata[], prefix: string): RecordMetadata[] =>
  written.map((each) => ({ ...each, topicName: each.topicName.slice(prefix.length) }));
