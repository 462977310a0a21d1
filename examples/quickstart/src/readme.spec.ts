import { readFileSync } from 'node:fs';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');

test.each(['activities.ts', 'worker.ts', 'client.ts'])('README shows %s as it is', (file) => {
  const path = `examples/quickstart/src/${file}`;

  expect(read('README.md')).toContain(`<!-- ${path} -->\n\n\`\`\`ts\n${read(path)}\`\`\`\n`);
});
