import { jest } from '@jest/globals';
import { cancel, Desk, schedule, scheduled, target, unheard } from './request-channel.fixture.ts';
import { pauseMsAfter, repetitions, type Repetition } from './repetition.ts';

const silenceMs = 180_000;

test.each<[name: string, repetition: Repetition]>(Object.entries(repetitions))(
  'the pauses of %s grow to a limit, and differ by chance',
  (_name, repetition) => {
    const pauses = Array.from({ length: 2_000 }, (_, index) => pauseMsAfter(repetition, index + 1, 0));
    expect(pauses[0]).toBe(repetition.firstMs);
    expect(pauses[1]).toBe(Math.min(2 * repetition.firstMs, repetition.pauseMsMax));
    expect(pauses.at(-1)).toBe(repetition.pauseMsMax);
    expect(pauseMsAfter(repetition, 1, 1)).toBeGreaterThan(repetition.firstMs);
    expect(new Set(Array.from({ length: 100 }, () => pauseMsAfter(repetition, 1))).size).toBeGreaterThan(90);
  },
);

describe('while no scheduler answers for three minutes', () => {
  beforeEach(() => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  });
  afterEach(() => {
    jest.useRealTimers();
  });

  test.each<{ who: string; asks: (desk: Desk) => void; max: number }>([
    {
      who: 'a claim',
      asks: ({ channel }) => {
        unheard(channel.request(cancel, { repetition: repetitions.claim, timeoutMs: Infinity }));
      },
      max: 16,
    },
    {
      who: 'a report',
      asks: ({ channel }) => {
        unheard(channel.request(cancel, { repetition: repetitions.report, timeoutMs: Infinity }));
      },
      max: 5,
    },
    {
      who: 'a command without a repetition',
      asks: ({ channel }) => {
        unheard(channel.request(cancel));
      },
      max: 1,
    },
    {
      who: 'a description',
      asks: ({ channel }) => {
        unheard(channel.describe(target, 'question-1'));
      },
      max: 3,
    },
    {
      who: 'one who waits for the outcome of a start',
      asks: (desk) => {
        unheard(desk.channel.requestOutcome(schedule));
        desk.answer(0, scheduled(true));
      },
      max: 12,
    },
    {
      who: 'a thousand who wait for the same outcome',
      asks: ({ channel }) => {
        for (let index = 0; index < 1_000; index++) unheard(channel.awaitOutcome(target));
      },
      max: 12,
    },
    {
      who: 'one who waits for news of a run',
      asks: ({ channel }) => {
        const run = { namespace: 'default', workflowId: 'order-1', runId: 'run-1' };
        const known = { status: 'open', signalName: '', signalsUpTo: -1, signalCountMax: 0 } as const;
        unheard(channel.awaitRun(run, known));
      },
      max: 31,
    },
  ])('$who sends at most $max records, and none in the same second as before', async ({ asks, max }) => {
    const desk = new Desk();
    asks(desk);
    const perSecond: number[] = [];
    for (let ms = 0; ms < silenceMs; ms += 1_000) {
      const before = desk.sent.length;
      await jest.advanceTimersByTimeAsync(1_000);
      perSecond.push(desk.sent.length - before);
    }
    expect(desk.sent.length).toBeGreaterThan(0);
    expect(desk.sent.length).toBeLessThanOrEqual(max);
    expect(Math.max(...perSecond)).toBeLessThanOrEqual(1);
    desk.channel.close();
  });
});
