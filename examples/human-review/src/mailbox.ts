import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a reviewer is told. */
export interface Letter {
  readonly document: string;
  /** How the verdict is to come back. */
  readonly answerBy: 'completion' | 'signal';
  readonly workflowId: string;
  readonly runId: string;
  readonly activityId: string;
}

/** Puts a letter in the mailbox, a folder. It appears there whole or not at all, and once for each activity. */
export function post(mailbox: string, letter: Letter): void {
  mkdirSync(mailbox, { recursive: true });
  const name = Buffer.from(letter.activityId).toString('hex');
  const draft = join(mailbox, `${name}.draft`);
  writeFileSync(draft, JSON.stringify(letter));
  renameSync(draft, join(mailbox, `${name}.json`));
}

/** Takes all letters out of the mailbox. */
export function collect(mailbox: string): readonly Letter[] {
  mkdirSync(mailbox, { recursive: true });
  const files = readdirSync(mailbox).filter((name) => name.endsWith('.json'));
  return files.map((name) => {
    const file = join(mailbox, name);
    const letter = JSON.parse(readFileSync(file, 'utf8')) as Letter;
    rmSync(file);
    return letter;
  });
}
