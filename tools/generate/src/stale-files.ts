import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GeneratedFiles } from './generate.ts';

/** Names of files in `folder` that are missing, differ from what was generated, or should not be there. */
export function staleFiles(folder: string, generated: GeneratedFiles): readonly string[] {
  const present = new Set(readdirSync(folder));
  const differing = [...generated].filter(
    ([file, content]) => !present.has(file) || readFileSync(join(folder, file), 'utf8') !== content,
  );
  return [...differing.map(([file]) => file), ...[...present].filter((file) => !generated.has(file))];
}
