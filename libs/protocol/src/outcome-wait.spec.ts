import type { ExecutionId, Reply } from '@ratchet/domain';
import { jest } from '@jest/globals';
import {
  Desk,
  notFound,
  pending,
  reached,
  schedule,
  scheduled,
  settled,
  target,
  unheard,
} from './request-channel.fixture.ts';

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
  // Who asks again does so at the first moment it may.
  jest.spyOn(Math, 'random').mockReturnValue(0);
});
afterEach(() => {
  jest.useRealTimers();
  jest.restoreAllMocks();
});

describe('the same outcome, waited for by many', () => {
  const latest = { ...target, runId: '' };

  test('is asked for once, and told to all', async () => {
    const desk = new Desk();
    const outcomes = Array.from({ length: 1_000 }, () => desk.channel.awaitOutcome(target));
    desk.answer(0, pending);
    expect(desk.queries()).toHaveLength(1);
    desk.answer(0, reached);
    expect((await Promise.all(outcomes)).every(({ body }) => body === reached)).toBe(true);
    unheard(desk.channel.awaitOutcome(target));
    expect(desk.queries()).toHaveLength(2);
    desk.channel.close();
  });

  test('is another of another life of its id', () => {
    const desk = new Desk();
    unheard(desk.channel.awaitOutcome(target));
    unheard(desk.channel.awaitOutcome(target, { scheduleOffset: 5 }));
    unheard(desk.channel.awaitOutcome(latest));
    expect(new Set(desk.queries().map(({ replyTo: { address } }) => address)).size).toBe(3);
    desk.channel.close();
  });

  test('is asked for at once by who comes long after the last question', async () => {
    const desk = new Desk();
    unheard(desk.channel.awaitOutcome(target));
    await jest.advanceTimersByTimeAsync(31_000);
    const asked = desk.queries().length;
    await jest.advanceTimersByTimeAsync(4_000);
    unheard(desk.channel.awaitOutcome(target));
    unheard(desk.channel.awaitOutcome(target));
    expect(desk.queries()).toHaveLength(asked + 1);
    desk.channel.close();
  });

  test('goes on when one of them leaves, and is asked for no more when all have left', async () => {
    const desk = new Desk();
    const leaving = [new AbortController(), new AbortController()];
    const outcomes = leaving.map(({ signal }) =>
      desk.channel.awaitOutcome(target, { signal }).catch((error: unknown) => error),
    );
    leaving[0]?.abort(new Error('gone'));
    expect(await outcomes[0]).toEqual(new Error('gone'));
    await jest.advanceTimersByTimeAsync(3_200);
    expect(desk.queries()).toHaveLength(2);
    leaving[1]?.abort(new Error('gone'));
    const next = desk.channel.awaitOutcome(target);
    expect(await outcomes[1]).toEqual(new Error('gone'));
    expect(desk.queries()).toHaveLength(3);
    desk.answer(2, reached);
    expect((await next).body).toEqual(reached);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(desk.queries()).toHaveLength(3);
  });

  test.each<{ given: string; of: ExecutionId; body: Reply['body'] }>([
    { given: 'the outcome of what was the latest run then', of: latest, body: reached },
    { given: 'what was not there then', of: target, body: notFound },
  ])('is asked for anew for who came after the question: $given', async ({ of, body }) => {
    const desk = new Desk();
    const early = desk.channel.awaitOutcome(of);
    const late = desk.channel.awaitOutcome(of);
    desk.answer(0, body);
    expect((await early).body).toEqual(body);
    expect(await settled(late)).toBe('not yet');
    expect(desk.queries()).toHaveLength(2);
    const other = { ...reached, runId: 'run-2' };
    desk.answer(1, other);
    expect((await late).body).toEqual(other);
  });

  test('fails for all when the channel is closed', async () => {
    const desk = new Desk();
    const outcomes = [1, 2].map(() => desk.channel.awaitOutcome(target));
    desk.channel.close();
    for (const outcome of outcomes) await expect(outcome).rejects.toMatchObject({ code: 'RKT1201' });
    await expect(desk.channel.awaitOutcome(target)).rejects.toMatchObject({ code: 'RKT1201' });
  });

  test('is asked for once when all of them would have started it', async () => {
    const desk = new Desk();
    const outcomes = [1, 2, 3].map(() => desk.channel.requestOutcome(schedule));
    for (const index of [0, 1, 2]) desk.answer(index, scheduled(false));
    await Promise.resolve();
    expect(desk.queries()).toHaveLength(1);
    desk.answer(3, reached);
    expect((await Promise.all(outcomes)).map(({ body }) => body)).toEqual([reached, reached, reached]);
  });
});
