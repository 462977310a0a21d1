import { closeSync, openSync, readdirSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** How a request to an activity, or a report of one of its attempts, was answered for certain. */
export type CertainAnswer = 'acknowledged' | 'refused';

/** What a client asks of an activity that it started; `complete` comes from outside, by ids. */
export type ActivityRequest = 'cancel' | 'terminate' | 'complete';

/**
 * What a client or a worker has done or was told, of the activity `id`. No two activities of a drill have the same id.
 *
 * An outcome is written as one text, `<status>: <result as JSON, or the failure's message>`, wherever it comes from.
 */
export type Note = { readonly id: string } & (
  | {
      readonly note: 'asked';
      /** One of `kinds`, or of the activities of a run. */
      readonly kind: string;
      readonly door: string;
      readonly startDelayMs: number;
    }
  /** The start was acknowledged: from here on the activity must come to one end. */
  | { readonly note: 'accepted'; readonly door: string; readonly runId: string }
  | { readonly note: 'not-started'; readonly door: string; readonly why: string }
  | { readonly note: 'told'; readonly door: string; readonly outcome: string }
  /** A start, or the wait for an outcome, has failed on its way, and is asked again. */
  | { readonly note: 'failed-call'; readonly door: string; readonly why: string }
  | {
      readonly note: 'requested';
      readonly door: string;
      readonly request: ActivityRequest;
      readonly answer: CertainAnswer;
      /** With `complete`: the result, as JSON. */
      readonly value?: string;
      readonly why?: string;
    }
  /** A worker begins to run an attempt. `beat`: that of the heartbeat details it was given. */
  | { readonly note: 'ran'; readonly attempt: number; readonly stamp: number; readonly beat?: number }
  /** Heartbeat details are about to be sent; `beat` grows through all attempts. */
  | { readonly note: 'beating'; readonly attempt: number; readonly beat: number }
  | { readonly note: 'beat'; readonly attempt: number; readonly beat: number }
  /** The end of an attempt was reported with its task token, past the worker library. */
  | {
      readonly note: 'reported';
      readonly attempt: number;
      readonly stamp: number;
      readonly report: 'complete' | 'fail';
      readonly answer: CertainAnswer;
      readonly value?: string;
      readonly why?: string;
    }
);

/** A note as it stands in a journal. `at`: see `machineMs`. */
export type Noted = Note & { readonly at: number; readonly who: string };

/** Milliseconds on the clock that all processes of a machine share and that nobody sets. */
export const machineMs = (): number => Number(process.hrtime.bigint() / 1_000_000n);

/**
 * The append-only file of one client or worker. A note is there once `write` has returned, also when its writer is killed in
 * the next moment; the next process of the same name goes on in the same file.
 */
export class Journal {
  readonly #who: string;
  readonly #file: number;

  constructor(folder: string, who: string) {
    this.#who = who;
    this.#file = openSync(join(folder, `${who}.jsonl`), 'a');
  }

  write(note: Note): void {
    writeSync(this.#file, `${JSON.stringify({ at: machineMs(), who: this.#who, ...note })}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** All notes of a folder of journals. A last line that its writer's death has cut off is left out. */
export function readJournals(folder: string): readonly Noted[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith('.jsonl'))
    .flatMap((name) => notesIn(readFileSync(join(folder, name), 'utf8')));
}

const lineStart = '{"at":';

/** Where a writer's death cut a line off, the next writer's first one stands in the same line. */
export function notesIn(text: string): readonly Noted[] {
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line.slice(Math.max(0, line.lastIndexOf(lineStart)))) as Noted);
}
