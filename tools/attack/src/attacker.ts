import { setPriority } from 'node:os';
import { attacks } from './attacks/index.ts';
import type { AttackerOrder, AttackerReport } from './messages.ts';
import { Told } from './target.ts';

/** Attacks in a process of its own, whose work must not slow the neighbour down: on one machine it takes what is left over. */

const leastPriority = 19;
setPriority(process.pid, leastPriority);

const enough = new AbortController();
process.on('message', (order: AttackerOrder) => {
  if (order.type === 'enough') enough.abort();
  else void attack(order);
});
process.once('disconnect', () => process.exit(0));

async function attack({ name, target }: Extract<AttackerOrder, { readonly type: 'attack' }>): Promise<void> {
  const told = new Told();
  const notRefused = await attacks[name]?.run(target, told, enough.signal).catch(reasonOf);
  const report = { type: 'report', told: Object.fromEntries(told.counts) } as const;
  const message: AttackerReport = notRefused === undefined ? report : { ...report, notRefused };
  process.send?.(message, () => process.exit(0));
}

/** Whoever cannot even look how it was taken has done harm. */
const reasonOf = (error: unknown): string =>
  `the attack could not be ended: ${error instanceof Error ? error.message : String(error)}`;
