import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readJournal, writeJournal } from './journal.ts';
import { collect, post } from './mailbox.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'journal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('the journals of all processes together list the attempts of each activity', () => {
  writeJournal(folder, { activityId: 'a', attempt: 2, pid: 2 });
  writeJournal(folder, { activityId: 'a', attempt: 1, pid: 1 });
  writeJournal(folder, { activityId: 'b', attempt: 1, pid: 2 });
  writeJournal(folder, { activityId: 'a', attempt: 2, pid: 1 });
  const attempts = [...readJournal(folder)].map(([id, entries]) => [id, entries.map(({ attempt }) => attempt)]);
  expect(Object.fromEntries(attempts)).toEqual({ a: [1, 2, 2], b: [1] });
});

test('a journal that nobody wrote in is empty', () => {
  expect(readJournal(join(folder, 'none')).size).toBe(0);
});

test('a letter is collected once', () => {
  const letter = { activityId: 'approve/1', taskToken: 'AAEC', text: 'please' };
  post(folder, letter);
  expect(collect(folder)).toEqual([letter]);
  expect(collect(folder)).toEqual([]);
});
