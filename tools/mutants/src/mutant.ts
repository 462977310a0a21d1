/** One planted bug: a text of a source, and what stands in its place. */
export interface Mutant {
  /** What goes wrong with it, in words. */
  readonly name: string;
  /** Below `libs/domain/src`; of those for the simulation below the root. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly text: string;
  readonly replacement: string;
}

/** Applies a mutant to a source. @throws when its text is not there exactly once: the list must follow the sources. */
export function plant({ name, file, text, replacement }: Mutant, source: string): string {
  const found = source.split(text).length - 1;
  if (found !== 1) {
    throw new Error(`Expected to plant "${name}", but its text stands ${String(found)} times in ${file}: ${text}`);
  }
  return source.replace(text, () => replacement);
}
