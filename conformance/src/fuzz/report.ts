/** A request that was answered as none should be, or not at all. */
export interface Fault {
  readonly what: string;
  readonly answer: string;
  readonly bytes: Uint8Array;
}

export interface FuzzReport {
  readonly count: number;
  /** How often there was which answer. */
  readonly answers: Readonly<Record<string, number>>;
  readonly faults: readonly Fault[];
}

/** Does a task so many times, so many at a time. The dice fall in one order whatever the answers' order is. */
export async function inFlight(
  concurrency: number,
  count: number,
  task: (index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const line = async (): Promise<void> => {
    while (next < count) await task(next++);
  };
  await Promise.all(Array.from({ length: concurrency }, line));
}
