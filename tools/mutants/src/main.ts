import { mutants } from './mutants.ts';
import type { Mutant } from './mutant.ts';
import { Sandbox, type Killer } from './sandbox.ts';
import { isFoundBySimulation } from './simulation.ts';
import { simulationMutants } from './simulation-mutants.ts';

/**
 * Plants every bug of the lists, one at a time: those of the domain in a copy of it, whose tests must find them; those of the
 * machine, the store and the services for the simulation, which must find them.
 *
 *     npm run mutants [-- <part of a name or file>]
 *
 * Ends with 1 when one survives, or when the list no longer fits the sources.
 */

const parallelCount = 2;

interface Result {
  readonly mutant: Mutant;
  readonly killer: Killer | 'simulation' | undefined;
}

async function main(part = ''): Promise<number> {
  const isChosen = ({ name, file }: Mutant): boolean => name.includes(part) || file.includes(part);
  const [chosen, simulated] = [mutants.filter(isChosen), simulationMutants.filter(isChosen)];
  return report([...(await testDomain(chosen)), ...(await simulateAll(simulated))]);
}

async function simulateAll(chosen: readonly Mutant[]): Promise<readonly Result[]> {
  if (chosen.length === 0) return [];
  if (await isFoundBySimulation(undefined, 20))
    throw new Error('Expected to plant bugs, but the simulation fails without any');
  const queue = chosen.values();
  const lanes = Array.from({ length: parallelCount }, () =>
    workOff(queue, async (mutant) => ((await isFoundBySimulation(mutant)) ? 'simulation' : undefined)),
  );
  return (await Promise.all(lanes)).flat();
}

async function testDomain(chosen: readonly Mutant[]): Promise<readonly Result[]> {
  if (chosen.length === 0) return [];
  const sandboxes = await Promise.all(Array.from({ length: parallelCount }, () => Sandbox.create()));
  try {
    await checkHealthy(sandboxes);
    const queue = chosen.values();
    const lanes = sandboxes.map((sandbox) => workOff(queue, (mutant) => sandbox.killerOf(mutant)));
    return (await Promise.all(lanes)).flat();
  } finally {
    await Promise.all(sandboxes.map((sandbox) => sandbox.remove()));
  }
}

/** Without a bug the tests must pass: else every bug would seem to be found. */
async function checkHealthy([first]: readonly Sandbox[]): Promise<void> {
  const healthy = first !== undefined && (await first.passes('tables')) && (await first.passes('properties'));
  if (!healthy) throw new Error("Expected to plant bugs, but the domain's own tests fail without any");
}

async function workOff(
  queue: Iterator<Mutant>,
  killerOf: (mutant: Mutant) => Promise<Result['killer']>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (let next = queue.next(); next.done !== true; next = queue.next()) {
    const mutant = next.value;
    const killer = await killerOf(mutant);
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
