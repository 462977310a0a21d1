import { ApplicationFailure, Context } from '@ratchet/worker';

/** Never answers. It ends when its worker gives the attempt up or shuts down, and nobody waits for it any more. */
export async function hang(): Promise<void> {
  await Context.current().cancelled;
}

/** Heartbeats once and then falls silent. */
export async function fallSilent(lastWords: string): Promise<void> {
  Context.current().heartbeat(lastWords);
  await hang();
}

/** Fails once, quickly; the next attempt hangs. */
export async function failThenHang(message: string): Promise<void> {
  if (Context.current().info.attempt === 1) throw ApplicationFailure.retryable(message);
  await hang();
}

/** For a task queue that nobody works on. */
export const neverRuns = (): Promise<void> =>
  Promise.reject(new Error('Expected to have no worker, but this one ran it'));
