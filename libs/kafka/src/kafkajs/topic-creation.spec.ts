import { createRequire } from 'node:module';
import { copy } from './index.ts';
import { wordedCreation, type TopicCreationResponse } from './topic-creation.ts';

const own = createRequire(import.meta.url)(
  'kafkajs/src/protocol/requests/createTopics/v0/response.js',
) as TopicCreationResponse;
const worded = wordedCreation(own);

const invalidConfig = 40;
const words = 'Invalid value 1 for configuration segment.bytes: Value must be at least 52428800';

const messagesOf = async (parsing: Promise<unknown>): Promise<readonly string[]> =>
  parsing.then(
    () => [],
    (error: unknown) => (error as AggregateError).errors.map(({ message }: Error) => message),
  );

test('a refusal of a topic ends with the words of the broker, each with its own', async () => {
  const topicErrors = [
    { topic: 'a', errorCode: invalidConfig, errorMessage: words },
    { topic: 'b', errorCode: 0, errorMessage: null },
    { topic: 'c', errorCode: invalidConfig, errorMessage: null },
  ];
  const [first, second, ...others] = await messagesOf(worded.parse({ topicErrors }));
  expect(first).toBe(`Configuration is invalid (a: ${words})`);
  expect(second).toBe('Configuration is invalid');
  expect(others).toEqual([]);
});

test('topics that were made are as kafkajs tells them', async () => {
  const data = { topicErrors: [{ topic: 'a', errorCode: 0 }] };
  expect(await worded.parse(data)).toBe(data);
});

test.each([1, 2, 3])('version %i of the answer is read so', async (version) => {
  const { parse } = copy.load(
    `protocol/requests/createTopics/v${String(version)}/response.js`,
  ) as TopicCreationResponse;
  const topicErrors = [{ topic: 'a', errorCode: invalidConfig, errorMessage: words }];
  expect(await messagesOf(parse({ topicErrors }))).toEqual([expect.stringContaining(words)]);
});
