import { randomUUID } from 'node:crypto';
import type { EpochMillis, Refusal, WorkerSdk } from '@ratchet/domain';
import type { TraceContext } from '@ratchet/kafka';
import { attemptOf, type TaskToken } from './task-token.ts';
import { repetitions } from './repetition.ts';
import type { RequestChannel } from './request-channel.ts';

export interface ClaimRequest {
  readonly token: TaskToken;
  readonly identity: string;
  /** As the gateway proved it; absent or empty where a worker claims for itself. */
  readonly principal?: string;
  /** What the worker is built with. Absent: it does not say. */
  readonly sdk?: WorkerSdk;
  /** 0 is none. */
  readonly heartbeatTimeoutMs: number;
  /** 0 is none. */
  readonly startToCloseTimeoutMs: number;
  /** To go on with. */
  readonly trace: TraceContext | undefined;
}

export type ClaimResult =
  | { readonly type: 'granted'; readonly startedAt: EpochMillis }
  | { readonly type: 'refused'; readonly refusal: Refusal }
  /** Granted so long ago that the attempt may have timed out meanwhile, and another may run. */
  | { readonly type: 'too-late' };

/**
 * Asks for the right to run an attempt, again and again, ever more rarely, until answered.
 *
 * The grant began after the first asking, so an answer that comes later than the attempt's shortest limit may be of an
 * attempt that is over: it is not used, whatever it says. Our own clock that never goes back measures that.
 *
 * @throws OperationalError (rejects) RKT1201 when the channel is closed first.
 */
export async function claimTask(channel: RequestChannel, request: ClaimRequest): Promise<ClaimResult> {
  const { token, identity, principal = '', sdk, heartbeatTimeoutMs, startToCloseTimeoutMs, trace } = request;
  const claimId = randomUUID();
  const askedAt = performance.now();
  const { body } = await channel.request(
    {
      type: 'Claim',
      target: token.id,
      requestId: claimId,
      claimId,
      identity,
      principal,
      attempt: attemptOf(token),
      ...(sdk === undefined ? {} : { sdk }),
    },
    { repetition: repetitions.claim, timeoutMs: Infinity, trace },
  );
  if (body.type === 'Refused') return { type: 'refused', refusal: body.refusal };
  const ageMs = performance.now() - askedAt;
  const isOver = (limitMs: number): boolean => limitMs > 0 && ageMs >= limitMs;
  if (isOver(heartbeatTimeoutMs) || isOver(startToCloseTimeoutMs)) return { type: 'too-late' };
  if (body.answer.type !== 'Granted')
    throw new Error(`Expected a claim to be granted, but the answer is ${body.answer.type}`);
  return { type: 'granted', startedAt: body.answer.startedAt };
}
