import { taskTopic } from '@ratchet/domain';
import { UnusedQueues } from './unused-queues.ts';

const mail = taskTopic('default', 'mail');
const urgent = taskTopic('default', 'mail', 1);
const post = taskTopic('default', 'post');

/** What there is, and where its logs end when nobody uses it. */
function brokersWith(ends: Readonly<Record<string, string | undefined>>) {
  const topics = new Map<string, string | undefined>(Object.entries(ends));
  const removed: (readonly string[])[] = [];
  const unused = new UnusedQueues({
    list: () => Promise.resolve([...topics.keys()]),
    endsOfUnused: ({ topics: names }) => {
      const of = names.map((name) => topics.get(name));
      return Promise.resolve(of.includes(undefined) ? undefined : of.join());
    },
    remove: ({ topics: names }) => {
      removed.push(names);
      for (const name of names) topics.delete(name);
      return Promise.resolve();
    },
    groupOf: (topic) => `group.${topic}`,
  });
  return { topics, removed, unused };
}

test('a queue that is unused at two looks is removed whole, with its dead letters; the others stay', async () => {
  const { unused, removed, topics } = brokersWith({
    [mail]: '7',
    [`${mail}.dlq`]: '0',
    [urgent]: '2',
    [post]: undefined,
  });
  await unused.look();
  expect(removed).toEqual([]);
  await unused.look();
  expect(removed).toEqual([[mail, `${mail}.dlq`, urgent]]);
  expect([...topics.keys()]).toEqual([post]);
});

test.each([
  { what: 'was written to in between', topic: mail, end: '8' },
  { what: 'has records or readers by then', topic: mail, end: undefined },
  { what: 'has a dead letter', topic: `${mail}.dlq`, end: undefined },
])('one that $what stays', async ({ topic, end }) => {
  const { unused, removed, topics } = brokersWith({ [mail]: '7', [`${mail}.dlq`]: '0' });
  await unused.look();
  topics.set(topic, end);
  await unused.look();
  expect(removed).toEqual([]);
});

test('what another instance may have looked at since begins anew', async () => {
  const { unused, removed } = brokersWith({ [mail]: '7' });
  await unused.look();
  unused.forget();
  await unused.look();
  expect(removed).toEqual([]);
  await unused.look();
  expect(removed).toEqual([[mail]]);
});
