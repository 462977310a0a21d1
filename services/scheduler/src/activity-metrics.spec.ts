import { callbackUrlsMax, millis, type Command } from '@ratchet/domain';
import { createServiceMetrics, type ServiceMetrics } from '@ratchet/service-kit';
import { ActivityMetrics } from './activity-metrics.ts';
import { charge, repliesIn, schedule, Stage } from './scheduler-logic.fixture.ts';

const common = { target: charge, identity: 'worker', requestId: 'r' };
const byId = { by: 'id' } as const;
const claim: Command = { ...common, type: 'Claim', claimId: 'c', attempt: byId };
const complete: Command = { ...common, type: 'Complete', attempt: byId, result: [] };
const info = { type: 'application', errorType: 'E', nonRetryable: false, details: [] } as const;
const fail: Command = {
  ...common,
  type: 'Fail',
  attempt: byId,
  failure: { message: 'no', stackTrace: '', source: '', info },
};
const terminate: Command = { ...common, type: 'Terminate', reason: '' };
const timer = (attempt: number, stamp: number) => ({ scheduleOffset: 0, attempt, stamp });

let metrics: ServiceMetrics;
let stage: Stage;
let counting: ActivityMetrics;
const begun = (): Stage => new Stage(undefined, undefined, undefined, undefined, { activityMetrics: counting });
beforeEach(() => {
  metrics = createServiceMetrics('test');
  counting = new ActivityMetrics(metrics);
  stage = begun();
});

/** What is not zero of activities, one line each, without buckets and the labels that never change. */
async function counted(): Promise<readonly string[]> {
  const lines = (await metrics.registry.metrics()).split('\n');
  const own = /^(activity_|task_|ratchet_timer_lag|ratchet_commands_refused)/;
  const constant = 'namespace="default",taskqueue="payments",activityType="charge"';
  return lines
    .filter((line) => own.test(line) && !line.includes('_bucket') && !line.endsWith(' 0'))
    .map((line) =>
      line
        .replace(/,?service="test",?/, '')
        .replace(constant, '')
        .replace('{}', ''),
    )
    .sort();
}

const commit = (): void => {
  stage.seal();
  stage.commit();
};

test('a life with a retry: every attempt, the outcome, and how long all took', async () => {
  await stage.command(schedule(), 1_000);
  await stage.command(claim, 1_500);
  await stage.command(fail, 3_500);
  await stage.command({ ...common, type: 'DispatchDue', timer: timer(2, 2) }, 4_750);
  await stage.command({ ...claim, claimId: 'd' }, 5_000);
  await stage.command(complete, 5_500);
  commit();
  expect(await counted()).toEqual([
    'activity_schedule_to_close_latency_count 1',
    'activity_schedule_to_close_latency_sum 4.5',
    'activity_start 1',
    'activity_start_to_close_latency_count 2',
    'activity_start_to_close_latency_sum 2.5',
    'activity_success 1',
    'activity_task_fail 1',
    'ratchet_timer_lag_seconds_count{timer="dispatch"} 1',
    'ratchet_timer_lag_seconds_sum{timer="dispatch"} 0.25',
    'task_schedule_to_start_latency_count 2',
    // The retry was due at 4.5 s.
    'task_schedule_to_start_latency_sum 1',
  ]);
});

test('a limit that passes is named, for the attempt and for the activity', async () => {
  const retry = {
    ...schedule(),
    options: { taskQueue: 'payments', startToCloseTimeoutMs: 1_000, retryPolicy: { attemptsMax: 1 } },
  };
  await stage.command(retry, 1_000);
  await stage.command(claim, 1_100);
  await stage.command({ ...common, type: 'TimeOut', timeoutType: 'start-to-close', timer: timer(1, 1) }, 2_300);
  commit();
  expect(await counted()).toEqual(
    expect.arrayContaining([
      'activity_task_timeout{,timeout_type="start-to-close"} 1',
      'activity_timeout{,timeout_type="start-to-close"} 1',
      'ratchet_timer_lag_seconds_sum{timer="start-to-close"} 0.2',
    ]),
  );
});

test('what is refused is counted by its reason, and a repetition of a request only once', async () => {
  await stage.command(schedule(), 1_000);
  await stage.command(schedule(), 1_001);
  await stage.command(terminate, 1_002);
  await stage.command(complete, 1_003);
  await stage.command(claim, 1_004);
  commit();
  const lines = await counted();
  expect(lines).toContain('activity_start 1');
  expect(lines).toContain('activity_terminate 1');
  expect(lines.filter((line) => line.startsWith('ratchet_commands_refused'))).toEqual([
    expect.stringMatching(/command="Claim",reason="[\w-]+"\} 1$/),
    expect.stringMatching(/command="Complete",reason="[\w-]+"\} 1$/),
  ]);
});

test('a limit of what is kept that refuses a command is counted by its name, which the answer does not have', async () => {
  const url = (index: number): string => `https://shop.example/${String(index)}`;
  await stage.command(schedule({ callbackUrls: Array.from({ length: callbackUrlsMax }, (_, index) => url(index)) }), 1);
  const another = { target: { ...charge, runId: 'run-2' }, callbackUrls: [url(callbackUrlsMax)] };
  await stage.command(schedule({ ...another, requestId: 'request-2' }), 2);
  const attach = schedule({ ...another, requestId: 'request-3', idConflictPolicy: 'use-existing' });
  const [reply] = await repliesIn(await stage.command(attach, 3));
  commit();
  const { values } = (await metrics.registry.getSingleMetric('ratchet_limits_reached_total')?.get()) ?? {};
  expect(values).toEqual([{ labels: { limit: 'callbackUrlsMax' }, value: 1 }]);
  expect(reply?.body).toStrictEqual({
    type: 'Refused',
    refusal: {
      reason: 'failed-precondition',
      message: 'cannot attach more than 10 callbacks to an activity (10 callbacks already attached)',
    },
  });
});

test('what was not committed is counted by the next owner, and by nobody else', async () => {
  await stage.command(schedule(), 1_000);
  const state = stage.seal();
  stage.commit();
  await stage.command(claim, 1_500);
  stage.seal();
  await stage.command(complete, 2_000);
  stage.logic.close();

  const former = await counted();
  expect(former).toEqual(['activity_start 1']);
  stage = begun();
  await stage.restoreFrom(state);
  await stage.command(claim, 1_500);
  await stage.command(complete, 2_000);
  commit();
  expect(await counted()).toEqual(
    expect.arrayContaining(['activity_start 1', 'activity_success 1', 'task_schedule_to_start_latency_count 1']),
  );
});

test('after two hundred kinds of activities all others share one series', async () => {
  for (let index = 0; index < 210; index++) {
    const target = { ...charge, runId: `run-${String(index)}` };
    const idReusePolicy = 'allow-duplicate';
    await stage.command(
      schedule({ target, requestId: String(index), activityType: `type-${String(index)}`, idReusePolicy }),
      1_000,
    );
    await stage.command({ ...terminate, target }, 1_001);
  }
  commit();
  const starts = (await counted()).filter((line) => line.startsWith('activity_start{'));
  expect(starts).toHaveLength(201);
  expect(starts).toContain('activity_start{namespace="default",taskqueue="payments",activityType="other"} 10');
});

test('after two hundred task queues all others share one series, their backlog and their claims alike', async () => {
  const queues = Array.from({ length: 230 }, (_, index) => `queue-${String(index)}`);
  counting.showBacklog(metrics, () =>
    queues.map((taskQueue) => ({ namespace: 'default', taskQueue, level: 3 as const, count: 1, oldestAt: 1_000 })),
  );
  const series = async (name: string): Promise<readonly string[]> =>
    (await metrics.registry.metrics()).split('\n').filter((line) => line.startsWith(`${name}{`));
  for (const name of ['approximate_backlog_count', 'approximate_backlog_age_seconds'])
    expect(await series(name)).toHaveLength(201);
  expect(await series('approximate_backlog_count')).toContain(
    'approximate_backlog_count{namespace="other",taskqueue="other",service="test"} 30',
  );

  for (const index of [0, 229]) {
    const target = { ...charge, runId: `run-${String(index)}` };
    const options = { taskQueue: queues[index] ?? '', startToCloseTimeoutMs: 1_000 };
    await stage.command(
      schedule({ target, requestId: String(index), options, idReusePolicy: 'allow-duplicate' }),
      1_000,
    );
    await stage.command({ ...claim, target }, 1_500);
    await stage.command({ ...terminate, target }, 1_501);
  }
  commit();
  const claims = (await counted()).filter((line) => line.startsWith('task_schedule_to_start_latency_count'));
  expect(claims).toEqual([
    'task_schedule_to_start_latency_count{namespace="default",taskqueue="queue-0",activityType="charge"} 1',
    'task_schedule_to_start_latency_count{namespace="other",taskqueue="other",activityType="other"} 1',
  ]);
});

describe('the backlog of a task queue', () => {
  const backlog = (): unknown[] => [...stage.logic.backlog];
  const waiting = (count: number, oldestAt: number) => [
    { namespace: 'default', taskQueue: 'payments', level: 3, count, oldestAt },
  ];

  test('has what was sent and not claimed, from its due time on', async () => {
    await stage.command(schedule(), 1_000);
    expect(backlog()).toEqual(waiting(1, 1_000));
    await stage.command(claim, 1_500);
    expect(backlog()).toEqual([]);
    await stage.command(fail, 2_000);
    expect(backlog()).toEqual([]);
    await stage.command({ ...common, type: 'DispatchDue', timer: timer(2, 2) }, 3_400);
    expect(backlog()).toEqual(waiting(1, 3_000));
    await stage.command({ ...common, type: 'Pause', reason: '' }, 3_500);
    expect(backlog()).toEqual([]);
  });

  test('is the same for whoever owns the partition next', async () => {
    await stage.command(schedule({ retentionMs: millis(1) }), 1_000);
    const state = stage.seal();
    stage = begun();
    await stage.restoreFrom(state);
    expect(backlog()).toEqual(waiting(1, 1_000));
  });
});
