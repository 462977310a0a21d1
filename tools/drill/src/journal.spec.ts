import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { JournalTail } from './journal-tail.ts';
import { Journal, readJournals } from './journal.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ratchet-journal-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

test('a journal goes on where its writer was killed, and a line that was cut off is left out', () => {
  const first = new Journal(folder, 'worker-1');
  first.write({ id: 'a', note: 'ran', attempt: 1, stamp: 1 });
  first.close();
  const second = new Journal(folder, 'worker-1');
  second.write({ id: 'a', note: 'ran', attempt: 2, stamp: 2 });
  appendFileSync(join(folder, 'worker-1.jsonl'), '{"at":1,"who"');
  new Journal(folder, 'worker-1').write({ id: 'a', note: 'ran', attempt: 3, stamp: 3 });
  appendFileSync(join(folder, 'worker-1.jsonl'), '{"at":2,"who"');
  expect(readJournals(folder)).toMatchObject([
    { who: 'worker-1', id: 'a', attempt: 1 },
    { who: 'worker-1', id: 'a', attempt: 2 },
    { who: 'worker-1', id: 'a', attempt: 3 },
  ]);
});

test('a tail gives every note once, and a line only when it is whole', () => {
  const tail = new JournalTail(folder);
  expect(tail.next()).toEqual([]);
  appendFileSync(join(folder, 'a.jsonl'), '{"id":"1"}\n{"id":');
  expect(tail.next()).toEqual([{ id: '1' }]);
  appendFileSync(join(folder, 'a.jsonl'), '"ü"}\n');
  appendFileSync(join(folder, 'b.jsonl'), '{"id":"3"}\n');
  expect(tail.next()).toEqual([{ id: 'ü' }, { id: '3' }]);
  expect(tail.next()).toEqual([]);
});
