import { epochMillis, millis, type ClosedActivity } from '@ratchet/domain';
import { toLinks } from '../grpc/wire/links.ts';
import { activityJson } from './activity-json.ts';
import { activityAnswer } from './answers.ts';
import { writeJson } from './json-text.ts';

const json = (value: unknown) => ({
  metadata: { encoding: Buffer.from('json/plain') },
  data: Buffer.from(JSON.stringify(value)),
});
const at = (seconds: number) => epochMillis(1_700_000_000_000 + seconds * 1000);
const cancel = { requestId: 'c', identity: 'operator', reason: 'enough', requestedAt: at(5) };

const parent = { namespace: 'default', activityId: 'order', runId: 'run' };

const closed: ClosedActivity = {
  id: { namespace: 'default', workflowId: '', runId: 'run', activityId: 'charge' },
  activityType: 'charge',
  scheduleOffset: 1,
  version: 5,
  requestIds: ['r'],
  scheduledAt: at(0),
  retentionMs: millis(1),
  transitionCount: 4,
  options: {
    taskQueue: 'payments',
    scheduleToCloseTimeoutMs: millis(60_000),
    scheduleToStartTimeoutMs: millis(0),
    startToCloseTimeoutMs: millis(10_000),
    heartbeatTimeoutMs: millis(0),
    startDelayMs: millis(0),
    retryPolicy: {
      initialIntervalMs: millis(1000),
      backoffCoefficient: 2,
      intervalMsMax: millis(100_000),
      attemptsMax: 0,
      nonRetryableErrorTypes: [],
    },
    priorityKey: 0,
    fairnessKey: '',
    fairnessWeight: 0,
  },
  input: [json('order-1'), json(42)],
  header: { trace: json('t') },
  userMetadata: { summary: json('a charge'), details: json('of an order') },
  links: toLinks([{ activity: parent }]),
  attempt: 2,
  startedAt: at(3),
  heartbeat: { details: [json(7)], recordedAt: at(4), count: 1 },
  lastWorkerIdentity: 'worker',
  workerSdk: { name: 'temporal-go', version: '1.51.0' },
  status: 'completed',
  closedAt: at(6),
  expiresAt: at(7),
  outcome: { type: 'success', result: [json('paid')] },
  closeRequestId: '',
  cancel,
};

test('a closed activity shows what it was given and all that became of it', () => {
  const shown = activityJson({ activity: closed, stateBytes: 321 });
  expect(() => activityAnswer.parse(JSON.parse(writeJson(shown)))).not.toThrow();
  expect(JSON.parse(writeJson(shown))).toMatchObject({
    status: 'completed',
    taskQueue: 'payments',
    timeouts: { startToCloseTimeoutMs: 10_000, scheduleToCloseTimeoutMs: 60_000 },
    retryPolicy: { initialIntervalMs: 1000 },
    summary: { value: 'a charge' },
    details: { value: 'of an order' },
    links: [{ activity: parent }],
    workerSdk: { name: 'temporal-go', version: '1.51.0' },
    cancelReason: 'enough',
    startedAt: '2023-11-14T22:13:23.000Z',
    lastAttemptCompletedAt: '2023-11-14T22:13:26.000Z',
    expiresAt: '2023-11-14T22:14:20.000Z',
    closedAt: '2023-11-14T22:13:26.000Z',
    heartbeat: { recordedAt: '2023-11-14T22:13:24.000Z', count: 1 },
    stateTransitionCount: 5,
    stateSizeBytes: 321,
  });
  expect(shown.input).toHaveLength(2);
  expect(Object.keys(shown.header ?? {})).toEqual(['trace']);
});

test('what there is none of is absent', () => {
  const { userMetadata: _, links: _____, cancel: __, heartbeat: ___, workerSdk: ____, ...bare } = closed;
  const shown = activityJson({ activity: { ...bare, header: {}, lastWorkerIdentity: '' }, stateBytes: 1 });
  const absent = [
    'summary',
    'details',
    'links',
    'cancelReason',
    'heartbeat',
    'workerSdk',
    'header',
    'lastWorkerIdentity',
  ];
  for (const name of absent) expect(shown).not.toHaveProperty(name);
});
