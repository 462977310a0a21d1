import { closeSync, fstatSync, openSync, readdirSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { notesIn, type Noted } from './journal.ts';

/** Follows all journals of a folder while they are written. */
export class JournalTail {
  readonly #folder: string;
  readonly #readTo = new Map<string, number>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What has been noted since it was asked last. */
  next(): readonly Noted[] {
    const names = readdirSync(this.#folder).filter((name) => name.endsWith('.jsonl'));
    return names.flatMap((name) => notesIn(this.#textOf(name)));
  }

  /** Whole lines only: the rest comes with the next ones. */
  #textOf(name: string): string {
    const from = this.#readTo.get(name) ?? 0;
    const file = openSync(join(this.#folder, name), 'r');
    try {
      const bytes = Buffer.alloc(fstatSync(file).size - from);
      const whole = bytes.subarray(0, readSync(file, bytes, 0, bytes.length, from)).lastIndexOf('\n') + 1;
      this.#readTo.set(name, from + whole);
      return bytes.toString('utf8', 0, whole);
    } finally {
      closeSync(file);
    }
  }
}
