import { parseArgs } from 'node:util';
import { simulate, type Result } from './simulate.ts';
import { storyOf } from './story.ts';
import { faultKinds, type FaultCounts } from './world.ts';

const usage = `npm run simulate -- [--seeds <count>] [--seed <first>] [--minutes <at most>] [--until-failure]

Plays all services of Ratchet on a simulated log, in virtual time, with faults that the seed draws, and judges what came of it.
  --seeds <count>     how many worlds; 300 by default, 1 with --seed
  --seed <first>      the seed of the first
  --minutes <m>       begins no further one after so long
  --until-failure     begins no further one after one that fails`;

const breachesShown = 3;
/** With fewer seeds a kind of fault may be missing by chance. */
const seedsForEveryFault = 100;

interface Arguments {
  readonly first: number;
  readonly count: number;
  readonly until: number;
  readonly isEnoughAtFailure: boolean;
}

process.exitCode = await main(readArguments());

/** @returns the exit code. */
async function main({ first, count, until, isEnoughAtFailure }: Arguments): Promise<number> {
  const counts: FaultCounts = new Map();
  const failed: number[] = [];
  const begunAt = performance.now();
  let played = 0;
  let accepted = 0;
  for (let seed = first; seed < first + count && performance.now() < until; seed++) {
    const result = await simulate(seed);
    played++;
    accepted += result.acceptedCount;
    for (const [fault, times] of result.counts) counts.set(fault, (counts.get(fault) ?? 0) + times);
    if (result.breaches.length === 0) continue;
    failed.push(seed);
    show(result);
    if (isEnoughAtFailure) break;
  }
  const seconds = (performance.now() - begunAt) / 1_000;
  console.log(Array.from(counts, ([fault, times]) => `${fault} ${String(times)}`).join(', '));
  const missing = played >= seedsForEveryFault ? faultKinds.filter((kind) => !counts.has(kind)) : [];
  if (missing.length > 0)
    console.error(`Expected every kind of fault, but these never happened: ${missing.join(', ')}`);
  console.log(
    `${String(played)} seeds, ${String(accepted)} activities in ${seconds.toFixed(0)} s, ${String(failed.length)} of them failed ${failed.join(' ')}`,
  );
  return failed.length > 0 || missing.length > 0 ? 1 : 0;
}

function show({ seed, breaches, past }: Result): void {
  console.error(`seed ${String(seed)} fails; npm run simulate -- --seed ${String(seed)} repeats it`);
  for (const { rule, why, about } of breaches.slice(0, breachesShown)) {
    console.error(`  ${rule}: ${why}`);
    for (const line of storyOf(past, about)) console.error(`    ${line}`);
  }
  if (breaches.length > breachesShown) console.error(`  and ${String(breaches.length - breachesShown)} more`);
}

function readArguments(): Arguments {
  try {
    const text = { type: 'string' } as const;
    const { values } = parseArgs({
      options: { seeds: text, seed: text, minutes: text, 'until-failure': { type: 'boolean', default: false } },
    });
    const { seed, seeds = seed === undefined ? '300' : '1', minutes = 'Infinity' } = values;
    const until = performance.now() + numberOf('minutes', minutes) * 60_000;
    const isEnoughAtFailure = values['until-failure'];
    return { first: wholeOf('seed', seed ?? '1', 0), count: wholeOf('seeds', seeds, 1), until, isEnoughAtFailure };
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`);
    process.exit(2);
  }
}

function wholeOf(name: string, text: string, low: number): number {
  const value = numberOf(name, text);
  if (Number.isSafeInteger(value) && value >= low) return value;
  throw new Error(`Expected --${name} to be a whole number from ${String(low)} on, but got '${text}'`);
}

function numberOf(name: string, text: string): number {
  const value = Number(text);
  if (text !== '' && value >= 0) return value;
  throw new Error(`Expected --${name} to be a number of 0 or more, but got '${text}'`);
}
