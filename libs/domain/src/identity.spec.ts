import { executionKey, partitionKey, runKey, taskTopic, taskTopics } from './identity.ts';

test.each([
  { namespace: 'default', workflowId: '', activityId: 'charge', key: 'default//charge' },
  { namespace: 'default', workflowId: 'order', activityId: 'charge', key: 'default/order' },
  { namespace: 'a/b', workflowId: '', activityId: 'c%d', key: 'a%2Fb//c%25d' },
])('partition key $key', ({ key, ...id }) => {
  expect(partitionKey(id)).toBe(key);
});

test('keys of what has a slash in it never meet those of what has not', () => {
  const id = { namespace: 'n', workflowId: 'w', runId: 'r', activityId: 'a' };
  expect(executionKey(id)).toBe('n/w/r/a');
  expect(executionKey({ ...id, workflowId: 'w/r', runId: 'a', activityId: '' })).not.toBe('n/w/r/a/');
  expect(runKey({ ...id, workflowId: 'w/r' })).toBe('n/w%2Fr/r');
  expect(runKey({ ...id, workflowId: 'w%2Fr' })).toBe('n/w%252Fr/r');
});

test.each([
  { namespace: 'default', taskQueue: 'mail', topic: 'ratchet.activity.tasks.default.mail' },
  { namespace: 'default', taskQueue: 'mail.fast', topic: 'ratchet.activity.tasks.default.mail-2efast' },
  { namespace: 'a-b', taskQueue: 'a_b', topic: 'ratchet.activity.tasks.a-2db.a-5fb' },
  { namespace: 'default', taskQueue: 'grüße', topic: 'ratchet.activity.tasks.default.gr-c3-bc-c3-9fe' },
  { namespace: 'default', taskQueue: '\n€', topic: 'ratchet.activity.tasks.default.-0a-e2-82-ac' },
])('topic $topic', ({ namespace, taskQueue, topic }) => {
  expect(taskTopic(namespace, taskQueue)).toBe(topic);
});

test('a queue has a topic per priority level, the most urgent first, and the usual level has no suffix', () => {
  const topic = 'ratchet.activity.tasks.default.mail';
  const topics = [`${topic}.p1`, `${topic}.p2`, topic, `${topic}.p4`, `${topic}.p5`];
  expect(taskTopics('default', 'mail')).toEqual(topics);
  expect([1, 2, 3, 4, 5].map((level) => taskTopic('default', 'mail', level))).toEqual(topics);
});
