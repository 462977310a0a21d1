import { attemptOf, createTokenSigner, decodeTaskToken, TaskTokenError } from '@ratchet/protocol';
import { attemptTarget, type ActivityReference } from './attempt-target.ts';

const id = { namespace: 'default', workflowId: '', runId: 'run-1', activityId: 'charge-42' };
const token = createTokenSigner('secret').sign({ id, scheduleOffset: 5, attempt: 2, stamp: 3 });
const attempt = attemptOf(decodeTaskToken(token));

test.each<{ given: string; reference: ActivityReference; then: object }>([
  { given: 'the bytes of a token', reference: token, then: { target: id, attempt } },
  { given: 'a token in base64', reference: Buffer.from(token).toString('base64'), then: { target: id, attempt } },
  { given: 'a token in base64url', reference: Buffer.from(token).toString('base64url'), then: { target: id, attempt } },
  {
    given: 'an id',
    reference: { activityId: 'charge-42' },
    then: { target: { ...id, runId: '' }, attempt: { by: 'id' } },
  },
  {
    given: 'an id and a run',
    reference: { activityId: 'charge-42', runId: 'run-1' },
    then: { target: id, attempt: { by: 'id' } },
  },
  {
    given: 'an activity of a workflow',
    reference: { activityId: 'charge-42', workflowId: 'order' },
    then: { target: { ...id, workflowId: 'order', runId: '' }, attempt: { by: 'id' } },
  },
])('$given names an attempt', ({ reference, then }) => {
  expect(attemptTarget(reference, 'default')).toEqual(then);
});

test.each<{ given: string; reference: ActivityReference; message: string }>([
  { given: 'an empty token', reference: new Uint8Array(), message: 'Task token not set on request.' },
  { given: 'an empty text', reference: '', message: 'Task token not set on request.' },
  { given: 'something else', reference: 'not a token', message: 'Error deserializing task token.' },
  { given: 'an empty id', reference: { activityId: '' }, message: 'ActivityId is not set on request.' },
])('$given is refused', ({ reference, message }) => {
  expect(() => attemptTarget(reference, 'default')).toThrow(message);
});

test('a token of another namespace is refused', () => {
  expect(() => attemptTarget(token, 'other')).toThrow(TaskTokenError);
  expect(() => attemptTarget(token, 'other')).toThrow('Operation requested with a token from a different namespace.');
});
