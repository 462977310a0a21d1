import { linkJson, linkType, toLinks } from './links.ts';
import { fromCount } from './times.ts';

const activity = { namespace: 'default', activityId: 'charge', runId: 'run' };

test('a link comes back as it came', () => {
  const links = [{ activity }, { batchJob: { jobId: 'job' } }];
  expect(toLinks(links).map((link) => linkType.decode(link))).toMatchObject(links);
});

test('a link is shown in the JSON of protobuf', () => {
  const at = { namespace: 'default', workflowId: 'order', runId: 'run' };
  const eventRef = { eventId: '7', eventType: 'EVENT_TYPE_WORKFLOW_EXECUTION_STARTED' };
  const links = toLinks([
    { activity },
    {
      workflowEvent: {
        ...at,
        eventRef: { eventId: fromCount(7), eventType: 1 as never },
      },
    },
  ]);
  expect(links.map(linkJson)).toEqual([{ activity }, { workflowEvent: { ...at, eventRef } }]);
});

test.each<[string, Parameters<typeof toLinks>[0][number], string]>([
  ['of no kind', {}, 'unsupported link variant'],
  [
    'to no activity',
    { activity: { ...activity, activityId: '' } },
    'activity link must not have an empty activity ID field',
  ],
  [
    'to no run',
    { workflowEvent: { namespace: 'n', workflowId: 'w' } },
    'workflow event link must not have an empty run ID field',
  ],
  ['to no job', { batchJob: {} }, 'batch job link must not have an empty job ID'],
  [
    'to an event of no type',
    { workflowEvent: { namespace: 'n', workflowId: 'w', runId: 'r', eventRef: { eventId: 5 as never } } },
    'workflow event link ref cannot have an unspecified event type and a non-zero event ID',
  ],
])('a link %s is refused', (_, link, message) => {
  expect(() => toLinks([link])).toThrow(message);
});
