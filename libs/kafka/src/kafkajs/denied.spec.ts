import { deniedNames } from './denied.ts';

// Answers as kafkajs decodes them, each with a topic or group that is denied, and one that is not.
test.each([
  {
    of: 'Fetch',
    answer: {
      responses: [
        { topicName: 'one', partitions: [{ partition: 0, errorCode: 0, messages: [{ errorCode: 29 }] }] },
        { topicName: 'two', partitions: [{ partition: 0, errorCode: 29, messages: [] }] },
      ],
    },
  },
  {
    of: 'Metadata',
    answer: {
      topicMetadata: [
        { topicErrorCode: 3, topic: 'one', partitionMetadata: [] },
        { topicErrorCode: 29, topic: 'two', partitionMetadata: [] },
      ],
    },
  },
  {
    of: 'DescribeConfigs',
    answer: {
      resources: [
        { errorCode: 0, resourceName: 'one' },
        { errorCode: 29, resourceName: 'two' },
      ],
    },
  },
  {
    of: 'DeleteGroups',
    answer: {
      results: [
        { groupId: 'one', errorCode: 0 },
        { groupId: 'two', errorCode: 30 },
      ],
    },
  },
  {
    of: 'AddPartitionsToTxn',
    answer: { errors: [{ topic: 'two', partitionErrors: [{ partition: 0, errorCode: 29 }] }] },
  },
])('of an answer to $of it is the one that is denied', ({ answer }) => {
  expect(deniedNames(answer)).toEqual(['two']);
});

test('an answer that names nothing names nothing', () => {
  expect(deniedNames({ throttleTime: 0, errorCode: 30 })).toEqual([]);
});
