import { setTimeout as sleep } from 'node:timers/promises';

/** Asks again every `everyMs` until the answer is true. @returns false when `withinMs` passed first. */
export async function poll(ask: () => boolean | Promise<boolean>, withinMs: number, everyMs = 25): Promise<boolean> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    if (await ask()) return true;
    if (performance.now() >= deadline) return false;
    await sleep(everyMs);
  }
}

/** Whether an address answers with success. */
export async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(2000) });
    await response.arrayBuffer();
    return response.ok;
  } catch {
    return false;
  }
}
