import { appendFileSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** An attempt that a worker process began to run. */
export interface JournalEntry {
  readonly activityId: string;
  readonly attempt: number;
  readonly pid: number;
}

/**
 * Workers write down each attempt before they run it, outside of Ratchet: so the demo can see for itself that no
 * attempt ran twice. One file per process, written synchronously, so that a kill -9 loses nothing.
 */
export function writeJournal(folder: string, entry: JournalEntry): void {
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, `${String(entry.pid)}.jsonl`), `${JSON.stringify(entry)}\n`);
}

/** All attempts that ran, by activity id, each list in ascending order of attempts. */
export function readJournal(folder: string): ReadonlyMap<string, readonly JournalEntry[]> {
  mkdirSync(folder, { recursive: true });
  const entries = readdirSync(folder).flatMap((name) =>
    readFileSync(join(folder, name), 'utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as JournalEntry),
  );
  entries.sort((a, b) => a.attempt - b.attempt);
  return Map.groupBy(entries, ({ activityId }) => activityId);
}
