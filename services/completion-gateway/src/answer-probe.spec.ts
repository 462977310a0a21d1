import { jest } from '@jest/globals';
import type { DescribeReply, RequestChannel } from '@ratchet/protocol';
import { AnswerProbe, unansweredMsMax } from './answer-probe.ts';
import { GatewayRunner } from './gateway-runner.ts';

const notFound: DescribeReply = {
  address: 'here',
  requestId: 'r',
  offset: 7,
  body: { type: 'Refused', refusal: { reason: 'not-found', message: 'none' } },
};

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

/** A gateway whose questions are answered as long as `answers` says so. */
async function gateway() {
  const asked: string[] = [];
  const world = { answers: false };
  const describeActivity: RequestChannel['describe'] = async (target) => {
    asked.push(target.activityId);
    if (!world.answers) throw new Error('no answer came in time');
    return Promise.resolve(notFound);
  };
  const probe = new AnswerProbe({ describe: describeActivity });
  const runner = new GatewayRunner({
    members: [],
    lacks: () => ({}),
    probe,
    open: () => Promise.resolve(() => Promise.resolve()),
    disconnect: () => Promise.resolve(),
  });
  await runner.start();
  await jest.advanceTimersByTimeAsync(0);
  return { asked, world, runner };
}

test('a gateway is ready once it has been answered, for as long as it is, and again', async () => {
  const { world, runner } = await gateway();
  await jest.advanceTimersByTimeAsync(600_000);
  expect(runner.readiness()).toEqual({ ready: false, details: { doors: 'open', schedulers: 'silent' } });

  world.answers = true;
  await jest.advanceTimersByTimeAsync(5_000);
  expect(runner.readiness()).toEqual({ ready: true, details: { doors: 'open', schedulers: 'answer' } });

  world.answers = false;
  await jest.advanceTimersByTimeAsync(unansweredMsMax - 5_000);
  expect(runner.readiness()).toMatchObject({ ready: true });
  await jest.advanceTimersByTimeAsync(10_000);
  expect(runner.readiness()).toMatchObject({ ready: false, details: { schedulers: 'silent' } });

  world.answers = true;
  await jest.advanceTimersByTimeAsync(5_000);
  expect(runner.readiness()).toMatchObject({ ready: true });
  await runner.stop();
});

test('it asks of another activity each time, so that no partition speaks for all, and no more once it stops', async () => {
  const { asked, runner } = await gateway();
  await jest.advanceTimersByTimeAsync(20_000);
  expect(new Set(asked).size).toBe(5);
  await runner.stop();
  await jest.advanceTimersByTimeAsync(60_000);
  expect(asked).toHaveLength(5);
  expect(runner.readiness()).toMatchObject({ ready: false, details: { doors: 'closed' } });
});
