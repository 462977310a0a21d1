import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityRequest, CertainAnswer } from '../journal.ts';
import type { Order } from './kinds.ts';

/**
 * A way by which clients come in. Every call settles within about a minute.
 *
 * @throws RefusedError (rejects) when it is certain that nothing was done; any other error leaves open whether it was.
 */
export interface Door {
  readonly name: string;
  /** @param requestId the same for every repetition. @returns the run id. */
  start(id: string, requestId: string, order: Order): Promise<string>;
  /** Waits for the end. Rejects when it has not come within a minute or so. */
  outcome(id: string, runId: string): Promise<string>;
  request(
    request: ActivityRequest,
    target: { readonly id: string; readonly runId: string },
    requestId: string,
  ): Promise<void>;
}

/** What was asked for was not done, and will not be. */
export class RefusedError extends Error {
  override readonly name = 'RefusedError';
}

/** The wait for an outcome is over, and the activity goes on: no call has failed. */
export class StillOpenError extends Error {
  override readonly name = 'StillOpenError';

  constructor() {
    super('it has not ended yet');
  }
}

/** What a completion from outside gives. */
export const outsideResult = 'outside';
/** The reason of a cancellation or a termination. */
export const reasonOfDrill = 'by the drill';

const pauseMs = 250;

/**
 * Asks again and again until the answer is certain, or `signal` says that it is no use.
 *
 * @param onFailed told of every call that has failed on its way, and is made again.
 */
export async function untilCertain<T>(
  ask: () => Promise<T>,
  signal: AbortSignal,
  onFailed: (why: string) => void = () => undefined,
): Promise<Certainty<T>> {
  let why = 'nobody asked';
  while (!signal.aborted) {
    try {
      return { answer: 'acknowledged', value: await ask() };
    } catch (error) {
      why = error instanceof Error ? error.message : String(error);
      if (error instanceof RefusedError) return { answer: 'refused', why };
      if (!(error instanceof StillOpenError)) onFailed(why);
      await pause(pauseMs, undefined, { signal }).catch(() => undefined);
    }
  }
  return { answer: 'unknown', why };
}

export type Certainty<T> =
  | { readonly answer: Extract<CertainAnswer, 'acknowledged'>; readonly value: T }
  | { readonly answer: Extract<CertainAnswer, 'refused'>; readonly why: string }
  | { readonly answer: 'unknown'; readonly why: string };
