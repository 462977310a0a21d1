import { readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test.each([
  ['README.md', 'activities.ts'],
  ['README.md', 'worker.ts'],
  ['README.md', 'client.ts'],
  ['README.md', 'connection.ts'],
  ['docs/libraries.md', 'import-rows.ts'],
  ['docs/libraries.md', 'encryption.ts'],
])('%s shows %s as it is', (page, file) => {
  const path = `examples/quickstart/src/${file}`;

  expect(read(page)).toContain(`<!-- ${path} -->\n\n\`\`\`ts\n${read(path)}\`\`\`\n`);
});
