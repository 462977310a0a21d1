import { setTimeout as pause } from 'node:timers/promises';
import type { ActivityClient } from '@ratchet/client';
import { WorkflowRun, type RunActivityHandle } from '@ratchet/workflow';
import type { Verdict } from './activities.ts';
import type * as activities from './activities.ts';
import { retryPlan } from './retry-plan.ts';

export interface HumanReview {
  readonly client: ActivityClient;
  /** Makes the names of this review unique. */
  readonly id: string;
  readonly taskQueue: string;
  readonly mailbox: string;
  /** How long notifying may take when the verdict comes by signal, in milliseconds. */
  readonly notifyMs: number;
  readonly say: (line: string) => void;
  /** kill -9 of the worker that notifies. */
  readonly killWorker: () => Promise<void>;
  readonly startWorker: () => void;
}

/** Both ways at once, and one worker that dies in the middle of notifying in both. */
export async function showBothWays(parts: HumanReview): Promise<void> {
  const { client, id } = parts;
  const byCompletion = await WorkflowRun.open(client, { workflowId: `review-by-completion-${id}` });
  const bySignal = await WorkflowRun.open(client, { workflowId: `review-by-signal-${id}` });
  const options = { taskQueue: parts.taskQueue, args: [{ mailbox: parts.mailbox, document: 'contract.pdf' }] } as const;
  const review = await byCompletion.startActivity<typeof activities, 'review'>('review', {
    ...options,
    id: 'review',
    timeouts: { startToClose: '7d' },
  });
  const notifying = await bySignal.startActivity<typeof activities, 'notifyReviewer'>('notifyReviewer', {
    ...options,
    id: 'notify-reviewer',
    timeouts: { startToClose: parts.notifyMs },
  });
  await Promise.all([review, notifying].map(untilStarted));
  await parts.killWorker();
  parts.startWorker();

  await tellPlan('asynchronous completion', review, parts);
  const firstStartedAt = await tellPlan('signal', notifying, parts);
  const verdict = await verdictBySignal(bySignal, notifying);
  const { attempt, startedAt = 0 } = await notifying.describe();
  const laterMs = startedAt - firstStartedAt;
  parts.say(
    `signal: measured, attempt ${String(attempt)} began ${seconds(laterMs)} after attempt 1 and notified the reviewer`,
  );
  parts.say(`signal: the reviewer says '${verdict}'; the run is completed`);
  await tellStillWaiting(review, parts);
  await byCompletion.terminate('the example is over');
}

async function untilStarted(handle: RunActivityHandle): Promise<void> {
  while ((await handle.describe()).runState !== 'started') await pause(50);
}

/** @returns when the attempt began; epoch milliseconds. */
async function tellPlan(way: string, handle: RunActivityHandle, { say }: HumanReview): Promise<number> {
  const plan = retryPlan(await handle.describe());
  say(
    `${way}: attempt ${String(plan.attempt)} began at ${instant(plan.startedAt)}, start-to-close ${duration(plan.startToCloseMs)}`,
  );
  say(
    `${way}: read from describe, it is tried again at ${instant(plan.nextAttemptAt)}, ${duration(plan.nextAttemptAt - Date.now())} from now`,
  );
  return plan.startedAt;
}

/** The workflow of way 2: notified, then the verdict; a reviewer may take a week for it, and nothing times out. */
const verdictBySignal = (run: WorkflowRun, notifying: RunActivityHandle<void>): Promise<Verdict> =>
  run.execute(async () => {
    await notifying.result();
    for await (const { args } of run.signals<[Verdict]>('verdict')) return args[0];
    throw new Error('Expected a verdict, but the signals have ended');
  });

async function tellStillWaiting(review: RunActivityHandle<Verdict>, { say }: HumanReview): Promise<void> {
  const plan = retryPlan(await review.describe());
  say(
    `asynchronous completion: still in attempt ${String(plan.attempt)}, which nobody runs; the reviewer knows of nothing for another ${duration(plan.nextAttemptAt - Date.now())} (not waited for)`,
  );
}

const instant = (at: number): string => new Date(at).toISOString().replace('T', ' ').slice(0, 19);
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const dayMs = 24 * 60 * 60 * 1000;
const duration = (ms: number): string => (ms >= dayMs ? `${(ms / dayMs).toFixed(2)} days` : seconds(ms));
