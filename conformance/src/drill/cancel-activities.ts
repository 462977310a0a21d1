import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { ApplicationFailure, Context } from '@ratchet/worker';

/** What happens to an attempt is a line of this file: `<activity id> <attempt> <what>`. */
const linesFile = process.env['DRILL_RUNS_FILE'] ?? '';

/** Notes that it runs, and what it is told. */
function begin(): void {
  const { info, cancellationSignal } = Context.current();
  const note = (what: string): void => {
    appendFileSync(linesFile, `${info.activityId} ${String(info.attempt)} ${what}\n`);
  };
  note('runs');
  cancellationSignal.addEventListener('abort', () => {
    note((cancellationSignal.reason as Error).message);
  });
}

/** An instant, that all processes of the machine share: what ends there ends with many others. */
const until = (endAt: number): Promise<void> => pause(Math.max(0, endAt - Date.now()));

/** Completes whatever it is told meanwhile. */
export async function completeAt(endAt: number): Promise<string> {
  begin();
  await until(endAt);
  return 'completed';
}

/** Fails whatever it is told meanwhile; if it is tried again, it completes. */
export async function failAt(endAt: number): Promise<string> {
  begin();
  await until(endAt);
  if (Context.current().info.attempt === 1) throw ApplicationFailure.retryable('fails on purpose');
  return 'completed';
}

/** Overruns its start-to-close timeout, be the grant as late as it may, whatever it is told. */
export async function overrun(): Promise<string> {
  begin();
  await pause(Context.current().info.timeouts.startToCloseMs + 1_000);
  return 'too late';
}

/** Goes on until it is told to stop, and accepts. */
export async function untilTold(): Promise<never> {
  begin();
  return Context.current().cancelled;
}
