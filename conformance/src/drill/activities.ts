import { appendFileSync } from 'node:fs';
import { Context, ApplicationFailure } from '@ratchet/worker';

/** Each run of an attempt is a line of this file, written before anything else: a second grant would be a second line. */
const runsFile = process.env['DRILL_RUNS_FILE'] ?? '';

const noteRun = (): void => {
  const { activityId, attempt } = Context.current().info;
  appendFileSync(runsFile, `${activityId} ${String(attempt)}\n`);
};

/** Takes a moment, so that kills find it running. */
export async function work(millis: number): Promise<string> {
  noteRun();
  await Context.current().sleep(millis);
  return Context.current().info.activityId;
}

/** Fails until its third attempt. */
export async function flaky(millis: number): Promise<string> {
  noteRun();
  await Context.current().sleep(millis);
  const { attempt, activityId } = Context.current().info;
  if (attempt < 3) throw ApplicationFailure.retryable(`attempt ${String(attempt)} fails on purpose`);
  return activityId;
}
