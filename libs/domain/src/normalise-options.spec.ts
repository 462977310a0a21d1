import type { ActivityOptionsRequest } from './activity-options.ts';
import { durationMsMax } from './limits.ts';
import { normaliseOptions } from './normalise-options.ts';
import { checkTaskQueue } from './validate.ts';

const subject = { namespace: 'default', activityId: 'charge-1', activityType: 'charge' };
const normalise = (request: Partial<ActivityOptionsRequest>): ReturnType<typeof normaliseOptions> =>
  normaliseOptions({ taskQueue: 'mail', ...request }, subject);

/** The four timeouts in the order whole, start, run, heartbeat. */
type Timeouts = readonly (number | undefined)[];

const requestOf = ([s2c, s2s, stc, hb]: Timeouts): Partial<ActivityOptionsRequest> => ({
  ...(s2c === undefined ? {} : { scheduleToCloseTimeoutMs: s2c }),
  ...(s2s === undefined ? {} : { scheduleToStartTimeoutMs: s2s }),
  ...(stc === undefined ? {} : { startToCloseTimeoutMs: stc }),
  ...(hb === undefined ? {} : { heartbeatTimeoutMs: hb }),
});

function timeoutsOf(request: Partial<ActivityOptionsRequest>): Timeouts {
  const checked = normalise(request);
  if (checked.kind === 'refused') throw new Error(checked.refusal.message);
  const { value } = checked;
  return [
    value.scheduleToCloseTimeoutMs,
    value.scheduleToStartTimeoutMs,
    value.startToCloseTimeoutMs,
    value.heartbeatTimeoutMs,
  ];
}

const tooLong = durationMsMax + 1;

test.each<{ given: string; asked: Timeouts; gives: Timeouts }>([
  { given: 'only schedule-to-close', asked: [100], gives: [100, 100, 100, 0] },
  { given: 'only start-to-close', asked: [undefined, undefined, 70], gives: [0, 0, 70, 0] },
  { given: 'start-to-close and schedule-to-start', asked: [undefined, 30, 70], gives: [0, 30, 70, 0] },
  { given: 'all inside the whole', asked: [100, 30, 70, 20], gives: [100, 30, 70, 20] },
  { given: 'schedule-to-start over the whole', asked: [100, 101, 70], gives: [100, 100, 70, 0] },
  { given: 'start-to-close over the whole', asked: [100, 30, 101], gives: [100, 30, 100, 0] },
  { given: 'heartbeat over start-to-close', asked: [100, 30, 70, 71], gives: [100, 30, 70, 70] },
  { given: 'heartbeat over a derived start-to-close', asked: [100, 30, undefined, 200], gives: [100, 30, 100, 100] },
  { given: 'zeroes as on the wire', asked: [0, 0, 70, 0], gives: [0, 0, 70, 0] },
  { given: 'over 100 years', asked: [tooLong], gives: [durationMsMax, durationMsMax, durationMsMax, 0] },
])('timeouts: $given', ({ asked, gives }) => {
  expect(timeoutsOf(requestOf(asked))).toEqual(gives);
});

test.each<{ given: string; asked: Partial<ActivityOptionsRequest>; message: string }>([
  {
    given: 'no timeout at all',
    asked: { scheduleToStartTimeoutMs: 10, heartbeatTimeoutMs: 10 },
    message:
      'a valid StartToCloseTimeout or ScheduleToCloseTimeout must be set on the activity. ActivityId=charge-1 ActivityType=charge',
  },
  {
    given: 'negative schedule-to-close',
    asked: { scheduleToCloseTimeoutMs: -1 },
    message: 'invalid ScheduleToCloseTimeout: negative duration. Got -1 ms, expected 0 or more',
  },
  {
    given: 'negative schedule-to-start',
    asked: { startToCloseTimeoutMs: 5, scheduleToStartTimeoutMs: -2 },
    message: 'invalid ScheduleToStartTimeout: negative duration. Got -2 ms, expected 0 or more',
  },
  {
    given: 'negative start-to-close',
    asked: { scheduleToCloseTimeoutMs: 5, startToCloseTimeoutMs: -3 },
    message: 'invalid StartToCloseTimeout: negative duration. Got -3 ms, expected 0 or more',
  },
  {
    given: 'negative heartbeat',
    asked: { startToCloseTimeoutMs: 5, heartbeatTimeoutMs: -4 },
    message: 'invalid HeartbeatTimeout: negative duration. Got -4 ms, expected 0 or more',
  },
  {
    given: 'negative start delay',
    asked: { startToCloseTimeoutMs: 5, startDelayMs: -5 },
    message: 'invalid StartDelay: negative duration. Got -5 ms, expected 0 or more',
  },
  {
    given: 'a fraction of a millisecond',
    asked: { startToCloseTimeoutMs: 1.5 },
    message: 'invalid StartToCloseTimeout: expected a whole number of milliseconds, got 1.5',
  },
  {
    given: 'not a number',
    asked: { startToCloseTimeoutMs: Number.NaN },
    message: 'invalid StartToCloseTimeout: expected a whole number of milliseconds, got NaN',
  },
  { given: 'no task queue', asked: { taskQueue: '', startToCloseTimeoutMs: 5 }, message: 'taskQueue is not set' },
  {
    given: 'an internal task queue',
    asked: { taskQueue: '/_sys/mail/1', startToCloseTimeoutMs: 5 },
    message: 'taskQueue must not start with "/_sys/", got "/_sys/mail/1"',
  },
  {
    given: 'a bad retry policy',
    asked: { startToCloseTimeoutMs: 5, retryPolicy: { attemptsMax: -1 } },
    message: 'MaximumAttempts cannot be negative on retry policy.',
  },
])('refused: $given', ({ asked, message }) => {
  expect(normalise(asked)).toEqual({ kind: 'refused', refusal: { reason: 'invalid-argument', message } });
});

test.each([
  { level: 'the usual one', priorityKey: 0, suffix: '' },
  { level: 'another one', priorityKey: 1, suffix: '.p1' },
])(
  'a task queue may be as long as Kafka takes its topics, and not a byte longer: $level',
  ({ priorityKey, suffix }) => {
    const longest = 'q'.repeat(249 - `ratchet.activity.tasks.default.${suffix}.dlq`.length);
    const asked = { startToCloseTimeoutMs: 1, priorityKey };
    expect(normalise({ ...asked, taskQueue: longest }).kind).toBe('ok');
    const refused = normalise({ ...asked, taskQueue: `${longest}q` });
    expect(refused).toMatchObject({ refusal: { message: expect.stringMatching(/Length=246 Limit=245$/) as string } });
  },
);

test('what topics begin with takes of the room, and the message says so', () => {
  const longest = 'q'.repeat(249 - 'team-a.ratchet.activity.tasks.default..dlq'.length);
  const prefixLength = 'team-a.'.length;
  expect(checkTaskQueue('default', longest, undefined, prefixLength)).toBeUndefined();
  expect(checkTaskQueue('default', `${longest}q`, undefined, prefixLength)?.message).toMatch(
    /names, with the prefix, the namespace and escaped, would .* Length=246 Limit=245$/,
  );
  expect(checkTaskQueue('default', `${longest}q`)).toBeUndefined();
  expect(checkTaskQueue('default', 'q'.repeat(300))?.message).toMatch(/names, with the namespace and escaped, would/);
});

test('the start delay is kept and bounds nothing', () => {
  const checked = normalise({ scheduleToCloseTimeoutMs: 10, startDelayMs: 500 });
  expect(checked).toMatchObject({ value: { startDelayMs: 500, scheduleToCloseTimeoutMs: 10 } });
});
