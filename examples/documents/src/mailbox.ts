import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What an activity that is completed from outside leaves for the process that completes it. */
export interface Letter {
  readonly activityId: string;
  /** Base64; absent when the process is to complete it by ids. */
  readonly taskToken?: string;
  readonly text: string;
}

/** Puts a letter in the mailbox, a folder. It appears there whole or not at all. */
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
  const names = readdirSync(mailbox).filter((name) => name.endsWith('.json'));
  return names.map((name) => {
    const file = join(mailbox, name);
    const letter = JSON.parse(readFileSync(file, 'utf8')) as Letter;
    rmSync(file);
    return letter;
  });
}
