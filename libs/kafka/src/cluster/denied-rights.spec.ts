import type { Admin, KafkaJSProtocolError as ProtocolError } from 'kafkajs';
import { asDenied, DeniedRights, isDenied, namingAdmin, type AskedRights } from './denied-rights.ts';
import { ConfigResourceTypes, copy } from '../kafkajs/index.ts';
import { oncePerFault, type LogLevel } from '../log.ts';

const { KafkaJSProtocolError } = copy.load('errors.js') as { KafkaJSProtocolError: new (e: Error) => ProtocolError };

const protocolError = (type: string, denied?: readonly string[]): Error =>
  Object.assign(
    new KafkaJSProtocolError(Object.assign(new Error(type), { type, code: 29, retriable: false })),
    denied === undefined ? {} : { denied },
  );
const wrapped = (cause: Error): Error => new Error('retries exceeded', { cause });
const message = (error: unknown, asked: AskedRights): string => String(asDenied(error, asked));

const asked: AskedRights = {
  topic: { operation: 'Write', name: 'ratchet.replies' },
  group: { operation: 'Read', name: 'ratchet-scheduler' },
  transactionalId: { operation: 'Write', name: 'ratchet-scheduler-0' },
};

test.each([
  ['TOPIC_AUTHORIZATION_FAILED', 'allowed Write on the topic ratchet.replies, but Kafka'],
  ['GROUP_AUTHORIZATION_FAILED', 'allowed Read on the group ratchet-scheduler, but Kafka'],
  ['TRANSACTIONAL_ID_AUTHORIZATION_FAILED', 'allowed Write on the transactional id ratchet-scheduler-0, but Kafka'],
  // A producer that may write to no topic at all.
  ['CLUSTER_AUTHORIZATION_FAILED', 'allowed Write on the topic ratchet.replies, but Kafka'],
])('%s becomes an error that names the right', (type, expected) => {
  const error = asDenied(wrapped(protocolError(type)), asked);
  expect(error).toMatchObject({ code: 'RKT1010', retryable: false });
  expect(error.message).toContain(expected);
});

test('what the brokers name is named, of what was asked for', () => {
  const ofTwo = { topic: { operation: 'Read', name: ['one', 'two'] } };
  expect(message(protocolError('TOPIC_AUTHORIZATION_FAILED', ['two']), ofTwo)).toContain('Read on the topic two,');
  expect(message(protocolError('TOPIC_AUTHORIZATION_FAILED'), ofTwo)).toContain('Read on the topic one or two,');
});

test('any other error is left as it is, and one that names a right already', () => {
  const other = protocolError('NOT_LEADER_FOR_PARTITION');
  expect(asDenied(other, asked)).toBe(other);
  const denied = asDenied(protocolError('GROUP_AUTHORIZATION_FAILED'), asked);
  expect(isDenied(denied)).toBe(true);
  expect(asDenied(denied, {})).toBe(denied);
});

test('the administration names what its arguments or its errors name', async () => {
  const topicError = Object.assign(protocolError('TOPIC_AUTHORIZATION_FAILED'), { topic: 'ratchet.cluster' });
  const admin = namingAdmin({
    createTopics: () => Promise.reject(Object.assign(new Error('some failed'), { errors: [topicError] })),
    deleteGroups: () =>
      Promise.reject(
        Object.assign(new Error('some failed'), { groups: [{ error: protocolError('GROUP_AUTHORIZATION_FAILED') }] }),
      ),
    describeConfigs: () => Promise.reject(protocolError('TOPIC_AUTHORIZATION_FAILED')),
    listTopics: () => Promise.resolve(['ratchet.replies']),
  } as unknown as Admin);
  await expect(admin.createTopics({ topics: [] })).rejects.toThrow('allowed Create on the topic ratchet.cluster,');
  await expect(admin.deleteGroups(['ratchet.replies.1'])).rejects.toThrow('Delete on the group ratchet.replies.1,');
  const resources = [{ type: ConfigResourceTypes.TOPIC, name: 'ratchet.replies' }];
  await expect(admin.describeConfigs({ resources, includeSynonyms: false })).rejects.toThrow(
    'DescribeConfigs on the topic ratchet.replies,',
  );
  await expect(admin.listTopics()).resolves.toEqual(['ratchet.replies']);
});

test('what is missing is said once, and shown while it is', () => {
  const said: (readonly [LogLevel, string])[] = [];
  const denied = new DeniedRights(oncePerFault((level, text) => void said.push([level, text])));
  const one = new Error('Write is missing');
  for (let n = 0; n < 50; n++) denied.note(one, 'it waits');
  denied.note(new Error('Read is missing'), 'it waits');
  expect(said).toEqual([
    ['error', 'Write is missing; it waits'],
    ['error', 'Read is missing; it waits'],
  ]);
  expect(denied.missing).toEqual(['Write is missing', 'Read is missing']);
});

test('a thousand rights that are missing are not all remembered', () => {
  const denied = new DeniedRights(() => undefined);
  for (let n = 0; n < 1000; n++) denied.note(new Error(`right ${String(n)}`), 'it waits');
  expect(denied.missing).toHaveLength(100);
  expect(denied.missing.at(-1)).toBe('right 999');
});
