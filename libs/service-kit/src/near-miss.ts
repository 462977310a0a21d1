/** The word that was probably meant: the closest of `words` within a third of the length, or `undefined`. */
export function nearMiss(word: string, words: readonly string[]): string | undefined {
  const distances = words.map((candidate) => ({ candidate, distance: editDistance(word, candidate) }));
  const closest = distances.toSorted((one, other) => one.distance - other.distance)[0];
  return closest !== undefined && closest.distance <= word.length / 3 ? closest.candidate : undefined;
}

/** How many letters must be inserted, removed or replaced to turn one word into the other (Levenshtein). */
export function editDistance(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (let row = 0; row < from.length; row++) {
    const current = [row + 1];
    for (let column = 0; column < to.length; column++) {
      const replaced = (previous[column] ?? 0) + (from[row] === to[column] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous.at(-1) ?? 0;
}
