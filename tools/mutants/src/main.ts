import { mutants } from './mutants.ts';
import type { Mutant } from './mutant.ts';
import { Sandbox, type Killer } from './sandbox.ts';

/**
 * Plants every bug of the list, one at a time, in a copy of the domain and runs its tests: each must be found.
 *
 *     npm run mutants [-- <part of a name or file>]
 *
 * Ends with 1 when one survives, or when the list no longer fits the sources.
 */

const parallelCount = 2;

interface Result {
  readonly mutant: Mutant;
  readonly killer: Killer | undefined;
}

async function main(part = ''): Promise<number> {
  const chosen = mutants.filter(({ name, file }) => name.includes(part) || file.includes(part));
  const sandboxes = await Promise.all(Array.from({ length: parallelCount }, () => Sandbox.create()));
  try {
    await checkHealthy(sandboxes);
    const queue = chosen.values();
    const results = await Promise.all(sandboxes.map((sandbox) => work(sandbox, queue)));
    return report(results.flat());
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.remove()));
  }
}

/** Without a bug the tests must pass: else every bug would seem to be found. */
async function checkHealthy([first]: readonly Sandbox[]): Promise<void> {
  const healthy = first !== undefined && (await first.passes('tables')) && (await first.passes('properties'));
  if (!healthy) throw new Error("Expected to plant bugs, but the domain's own tests fail without any");
}

async function work(sandbox: Sandbox, queue: Iterator<Mutant>): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const mutant = next.value;
    const killer = await sandbox.killerOf(mutant);
    console.log(
      `${killer === undefined ? 'SURVIVED' : `found by ${killer}`.padEnd(19)}  ${mutant.name} (${mutant.file})`,
    );
    results.push({ mutant, killer });
  }
  return results;
}

function report(results: readonly Result[]): number {
  const survivors = results.filter(({ killer }) => killer === undefined);
  const byProperties = results.filter(({ killer }) => killer === 'properties').length;
  const foundCount = results.length - survivors.length;
  console.log(
    `${String(foundCount)} of ${String(results.length)} planted bugs found, ${String(byProperties)} of them by properties only`,
  );
  for (const { mutant } of survivors) console.error(`survived: ${mutant.name} (${mutant.file})`);
  return survivors.length === 0 && results.length > 0 ? 0 : 1;
}

process.exitCode = await main(process.argv[2]);
