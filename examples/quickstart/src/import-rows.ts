import { ApplicationFailure, Context } from '@ratchet/worker';

/** Goes on where the attempt before it came to, finishes a row that it has begun, and says when it is worth another try. */
export async function importRows(url: string): Promise<number> {
  const context = Context.current();
  let { row } = (context.info.heartbeatDetails ?? { row: 0 }) as { readonly row: number };
  for (;;) {
    const response = await fetch(`${url}/${row}`, { signal: context.cancellationSignal });
    if (response.status === 404) return row;
    if (response.status === 429) {
      const nextRetryDelay = `${Number(response.headers.get('retry-after') ?? 60)}s` as const;
      // Expected: the worker logs it as debug, and nobody is woken.
      throw ApplicationFailure.create({ message: 'not so fast', nextRetryDelay, category: 'benign' });
    }
    if (!response.ok) throw ApplicationFailure.nonRetryable(`row ${row} cannot be read`, 'UnreadableRow', row);

    const text = await response.text();
    // A cancellation waits until the row is stored, ten seconds at most.
    await context.shield(() => store(row, text), { timeout: '10s' });
    row += 1;
    context.heartbeat({ row });
  }
}

export const stored = new Map<number, string>();

async function store(row: number, text: string): Promise<void> {
  await Promise.resolve();
  stored.set(row, text);
}
