import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityClient } from '@ratchet/client';
import { decodeTaskToken } from '@ratchet/protocol';
import { ApplicationFailure, CompleteAsyncError, Context, type ActivityInfo } from '@ratchet/worker';
import type { Journal } from '../journal.ts';
import { untilCertain } from './door.ts';
import { certain } from './kafka-door.ts';

/** What the activities of a worker write to and report through. */
export interface ActivityTools {
  readonly journal: Journal;
  /** Reports past the worker library, so that each answer is heard. */
  readonly client: ActivityClient;
  /** From the worker's end on nobody waits for what is reported. */
  readonly signal: AbortSignal;
}

/** Details of a heartbeat. */
interface Beat {
  readonly beat: number;
}

const beatsPerAttempt = 3;
/** This attempt succeeds, those before it fail. */
const lastAttempt = 3;

/** The functions that the kinds of the load name. Each notes first of all that it runs. */
export const drillActivities = (tools: ActivityTools) => ({ ...insideActivities(tools), ...outsideActivities(tools) });

/** Those whose worker reports how they ended. */
function insideActivities({ journal, client }: ActivityTools) {
  const begin = (): ActivityInfo => noteRun(journal);
  const beatOnce = async ({ activityId: id, attempt, taskToken }: ActivityInfo, beat: number): Promise<void> => {
    journal.write({ id, note: 'beating', attempt, beat });
    await client.heartbeat(taskToken, { beat } satisfies Beat);
    journal.write({ id, note: 'beat', attempt, beat });
  };
  return {
    quick: async (): Promise<string> => {
      begin();
      await pause(20);
      return 'quick';
    },
    flaky: (): string => {
      if (begin().attempt < lastAttempt) throw ApplicationFailure.retryable('fails on purpose');
      return 'flaky';
    },
    fatal: (): never => {
      begin();
      throw ApplicationFailure.nonRetryable('fatal on purpose');
    },
    failing: (): never => {
      begin();
      throw ApplicationFailure.retryable('fails on purpose');
    },
    beating: async (): Promise<string> => {
      const info = begin();
      for (let index = 0; index < beatsPerAttempt; index++) await beatOnce(info, info.attempt * 100 + index);
      if (info.attempt < lastAttempt) throw ApplicationFailure.retryable('fails on purpose');
      return 'beating';
    },
    silent: async (): Promise<string> => {
      const { attempt } = begin();
      const context = Context.current();
      if (attempt === 1) await context.cancelled;
      for (let count = 0; count < 4; count++) {
        context.heartbeat();
        await context.sleep(200);
      }
      return 'silent';
    },
    untilTold: (): Promise<never> => {
      begin();
      return Context.current().cancelled;
    },
    stubborn: async (): Promise<string> => {
      begin();
      await pause(1_000);
      return 'stubborn';
    },
  };
}

/** Those that are completed past their worker, by token or by ids. */
function outsideActivities({ journal, client, signal }: ActivityTools) {
  /** @returns once it is certain whether the completion counts. */
  const completeByToken = async (info: ActivityInfo, result: string): Promise<void> => {
    const { activityId: id, taskToken } = info;
    const { answer } = await untilCertain(() => certain(() => client.complete(taskToken, result)), signal);
    if (answer === 'unknown') return;
    const value = JSON.stringify(result);
    journal.write({ id, note: 'reported', ...attemptOf(info), report: 'complete', answer, value });
  };
  return {
    slow: async (): Promise<string> => {
      const info = noteRun(journal);
      if (info.attempt > 1) return 'slow in time';
      await pause(info.timeouts.startToCloseMs + 1_000);
      await completeByToken(info, 'slow too late');
      return 'slow too late';
    },
    later: (): never => {
      const info = noteRun(journal);
      void pause(500).then(() => completeByToken(info, 'later'));
      throw new CompleteAsyncError();
    },
    leftOpen: (): never => {
      noteRun(journal);
      throw new CompleteAsyncError();
    },
  };
}

function noteRun(journal: Journal): ActivityInfo {
  const { info } = Context.current();
  const details = info.heartbeatDetails as Beat | undefined;
  const beat = details === undefined ? {} : { beat: details.beat };
  journal.write({ id: info.activityId, note: 'ran', ...attemptOf(info), ...beat });
  return info;
}

function attemptOf({ taskToken }: ActivityInfo): { readonly attempt: number; readonly stamp: number } {
  const { attempt, stamp } = decodeTaskToken(taskToken);
  return { attempt, stamp };
}
