import { deadLetter } from '../dead-letter.ts';
import { ConfigResourceTypes } from '../kafkajs/index.ts';
import { isPrefix, prefixedAdmin, prefixedProducer } from './prefixed.ts';

/** Every method answers with what it was asked, but for those that have an answer of their own. */
const echoing = (answers: Readonly<Record<string, unknown>> = {}): { api: never; asked: unknown[] } => {
  const asked: unknown[] = [];
  const api = new Proxy(
    {},
    {
      get: (_, method: string) => (argument: unknown) => {
        asked.push(argument);
        return Promise.resolve(answers[method]);
      },
    },
  );
  return { api: api as never, asked };
};

describe('a prefix', () => {
  test.each(['a', 'team-a.', 'A_1', 'x'.repeat(40)])('may be %s', (given) => {
    expect(isPrefix(given)).toBe(true);
  });

  test.each(['', 'x'.repeat(41), 'a b', 'ä', 'a/', 'a\n', 'ratchet.', 'my-ratchet-'])('is not %j', (given) => {
    expect(isPrefix(given)).toBe(false);
  });
});

describe('the administration of one installation', () => {
  test('sees its own topics and groups, without the prefix', async () => {
    const { api } = echoing({
      listTopics: ['a.ratchet.replies', 'ratchet.replies', 'b.ratchet.replies'],
      listGroups: { groups: [{ groupId: 'a.ratchet-scheduler' }, { groupId: 'ratchet-scheduler' }] },
    });
    const admin = prefixedAdmin(api, 'a.');
    expect(await admin.listTopics()).toEqual(['ratchet.replies']);
    expect(await admin.listGroups()).toEqual({ groups: [{ groupId: 'ratchet-scheduler' }] });
  });

  test('asks by real names, and answers by its own', async () => {
    const { api, asked } = echoing({
      createTopics: true,
      fetchTopicMetadata: { topics: [{ name: 'a.t', partitions: [] }] },
      describeConfigs: { throttleTime: 0, resources: [{ resourceName: 'a.t', configEntries: [] }] },
      fetchOffsets: [{ topic: 'a.t', partitions: [] }],
      describeGroups: { groups: [{ groupId: 'a.g', members: [] }] },
      deleteGroups: [{ groupId: 'a.g' }],
      fetchTopicOffsets: [],
    });
    const admin = prefixedAdmin(api, 'a.');
    await admin.createTopics({ waitForLeaders: false, topics: [{ topic: 't', numPartitions: 3 }] });
    await admin.deleteTopics({ topics: ['t'] });
    await admin.deleteTopicRecords({ topic: 't', partitions: [] });
    await admin.fetchTopicOffsets('t');
    expect(await admin.fetchTopicMetadata({ topics: ['t'] })).toEqual({ topics: [{ name: 't', partitions: [] }] });
    const described = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: 't' }],
    });
    expect(described.resources).toEqual([{ resourceName: 't', configEntries: [] }]);
    expect(await admin.fetchOffsets({ groupId: 'g', topics: ['t'] })).toEqual([{ topic: 't', partitions: [] }]);
    expect((await admin.describeGroups(['g'])).groups).toEqual([{ groupId: 'g', members: [] }]);
    expect(await admin.deleteGroups(['g'])).toEqual([{ groupId: 'g' }]);
    expect(asked).toEqual([
      { waitForLeaders: false, topics: [{ topic: 'a.t', numPartitions: 3 }] },
      { topics: ['a.t'] },
      { topic: 'a.t', partitions: [] },
      'a.t',
      { topics: ['a.t'] },
      { includeSynonyms: false, resources: [{ type: ConfigResourceTypes.TOPIC, name: 'a.t' }] },
      { groupId: 'a.g', topics: ['a.t'] },
      ['a.g'],
      ['a.g'],
    ]);
  });
});

describe('the producer of one installation', () => {
  const written = [{ topicName: 'a.t', partition: 1, errorCode: 0, baseOffset: '7' }];
  const ownWritten = [{ ...written[0], topicName: 't' }];

  test('sends to real names, and tells its own', async () => {
    const { api, asked } = echoing({ send: written, sendBatch: written });
    const producer = prefixedProducer(api, 'a.');
    expect(await producer.send({ topic: 't', messages: [] })).toEqual(ownWritten);
    expect(await producer.sendBatch({ acks: -1, topicMessages: [{ topic: 't', messages: [] }] })).toEqual(ownWritten);
    expect(asked).toEqual([
      { topic: 'a.t', messages: [] },
      { acks: -1, topicMessages: [{ topic: 'a.t', messages: [] }] },
    ]);
  });

  test('does so within a transaction, too', async () => {
    const transaction = echoing({ sendBatch: written });
    const { api } = echoing({ transaction: { ...methods(transaction.api) } });
    const begun = await prefixedProducer(api, 'a.').transaction();
    expect(await begun.sendBatch({ topicMessages: [{ topic: 't', messages: [] }] })).toEqual(ownWritten);
    await begun.commit();
    expect(transaction.asked).toEqual([{ topicMessages: [{ topic: 'a.t', messages: [] }] }, undefined]);
  });

  test('has a dead letter say where it stood, as Kafka knows it', async () => {
    const { api, asked } = echoing({ sendBatch: [] });
    const record = { topic: 't', partition: 0, offset: 5, key: 'k', value: null, headers: {}, timestampMs: 0 };
    const { topic, key, value, headers = {} } = deadLetter(record, 'poison');
    const messages = [{ key, value, headers }];
    await prefixedProducer(api, 'a.').sendBatch({ topicMessages: [{ topic, messages }] });
    const prefixed = { ...headers, 'ratchet-dlq-topic': 'a.t' };
    expect(asked).toEqual([{ topicMessages: [{ topic: 'a.t.dlq', messages: [{ key, value, headers: prefixed }] }] }]);
  });
});

/** A promise of the proxy itself would ask it for `then`. */
const methods = (api: object): object => {
  const asked = api as Readonly<Record<string, (argument?: unknown) => unknown>>;
  return Object.fromEntries(
    ['sendBatch', 'commit', 'abort'].map((name) => [name, (given: unknown) => asked[name]?.(given)]),
  );
};
