import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { topicTable } from './generated/topic-table.ts';

const page = readFileSync(join(import.meta.dirname, '..', '..', '..', 'docs', 'security.md'), 'utf8');

/** What stands in the first column of a table under a heading. */
function firstColumnUnder(heading: string): readonly string[] {
  const section = page.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  return Array.from(section.matchAll(/^\| `([^`]+)`/gm), ([, name = '']) => name);
}

const steadyTopics = Object.values(topicTable.topics).map(({ name }) => name);

test('"Who may write what can do what" in docs/security.md has every topic that there is, and no other', () => {
  const topics = [...steadyTopics, topicTable.taskTopics.name, '<topic>.dlq'];
  expect(firstColumnUnder('Who may write what can do what').toSorted()).toEqual(topics.toSorted());
});
