import { setTimeout as pause } from 'node:timers/promises';
import type { CommandDraft } from '@ratchet/protocol';
import { AttemptStage } from './attempt.fixture.ts';
import { Context } from './context.ts';
import { watchStrayRejections } from './stray-rejections.ts';
import type { RunnableActivity } from './worker-tools.ts';

// Started by a test, in a process of its own: Jest has the say of what is not handled in its own.

const leave = (message: string, afterMs: number): void => {
  void pause(afterMs).then(() => Promise.reject(new Error(message)));
};

const activities: Readonly<Record<string, RunnableActivity>> = {
  /** Waits for what it has left alone. */
  stuck: async () => {
    leave('left alone', 5);
    await pause(1e9, undefined, { signal: Context.current().cancellationSignal });
  },
  early: () => {
    leave('too late', 20);
    return 'done';
  },
  neighbour: async () => {
    await pause(60);
    return 'done';
  },
};

async function attempt(
  name: string,
): Promise<{ readonly report: CommandDraft | undefined; readonly logged: readonly string[] }> {
  const stage = new AttemptStage(activities[name] ?? (() => undefined));
  const report = await stage.report();
  await stage.returned;
  await pause(60);
  return { report, logged: stage.logged };
}

watchStrayRejections();
// A second worker.
watchStrayRejections();
const names = Object.keys(activities);
const ends = await Promise.all(names.map(attempt));
process.send?.(Object.fromEntries(names.map((name, index) => [name, ends[index]])));
void Promise.reject(new Error('of nobody'));
await pause(5_000);
