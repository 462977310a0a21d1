import { epochMillis, type Reply } from '@ratchet/domain';
import { jest } from '@jest/globals';
import { claimTask, type ClaimRequest } from './claim.ts';
import { repetitions } from './repetition.ts';
import type { CommandDraft, CommandReply, RequestChannel, RequestOptions } from './request-channel.ts';

const request: ClaimRequest = {
  token: {
    id: { namespace: 'n', workflowId: '', runId: 'r', activityId: 'a' },
    scheduleOffset: 5,
    attempt: 2,
    stamp: 3,
  },
  identity: 'worker',
  heartbeatTimeoutMs: 0,
  startToCloseTimeoutMs: 10_000,
  trace: undefined,
};
const granted: Reply['body'] = { type: 'Accepted', answer: { type: 'Granted', startedAt: epochMillis(77) } };
const refused: Reply['body'] = { type: 'Refused', refusal: { reason: 'already-claimed', message: 'taken' } };

/** A channel that answers after so long. */
function answering(
  body: Reply['body'],
  afterMs: number,
): { channel: RequestChannel; asked: [CommandDraft, RequestOptions][] } {
  const asked: [CommandDraft, RequestOptions][] = [];
  const channel = {
    request: (command: CommandDraft, options: RequestOptions): Promise<CommandReply> => {
      asked.push([command, options]);
      jest.advanceTimersByTime(afterMs);
      return Promise.resolve({ address: '', requestId: command.requestId, offset: 1, body } as CommandReply);
    },
  };
  return { channel: channel as unknown as RequestChannel, asked };
}

beforeEach(() => {
  jest.useFakeTimers({ doNotFake: ['nextTick', 'queueMicrotask'] });
});
afterEach(() => {
  jest.useRealTimers();
});

test.each<{ given: string; body: Reply['body']; afterMs: number; heartbeatTimeoutMs?: number; then: string }>([
  { given: 'granted in time', body: granted, afterMs: 9_999, then: 'granted' },
  { given: 'granted after start-to-close', body: granted, afterMs: 10_000, then: 'too-late' },
  {
    given: 'granted within the heartbeat timeout',
    body: granted,
    afterMs: 499,
    heartbeatTimeoutMs: 500,
    then: 'granted',
  },
  {
    given: 'granted after the heartbeat timeout',
    body: granted,
    afterMs: 500,
    heartbeatTimeoutMs: 500,
    then: 'too-late',
  },
  { given: 'refused', body: refused, afterMs: 1, then: 'refused' },
  { given: 'refused late', body: refused, afterMs: 60_000, then: 'refused' },
])('a claim that is $given is $then', async ({ body, afterMs, heartbeatTimeoutMs = 0, then }) => {
  const { channel } = answering(body, afterMs);
  expect((await claimTask(channel, { ...request, heartbeatTimeoutMs })).type).toBe(then);
});

test('a claim is asked for until answered, always with the same claim id', async () => {
  const { channel, asked } = answering(granted, 1);
  expect(await claimTask(channel, request)).toEqual({ type: 'granted', startedAt: 77 });
  const [command, options] = asked[0] ?? [];
  expect(options).toMatchObject({ repetition: repetitions.claim, timeoutMs: Infinity });
  expect(command).toMatchObject({ type: 'Claim', attempt: { by: 'token', scheduleOffset: 5, attempt: 2, stamp: 3 } });
  expect(command).toMatchObject({ claimId: command?.requestId });
});
