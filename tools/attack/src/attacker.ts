import { getPriority, setPriority } from 'node:os';
import { attacks } from './attacks/index.ts';
import type { AttackerOrder, AttackerReport } from './messages.ts';
import { Told } from './target.ts';

/** Attacks in a process of its own, which goes after all others: an attacker has a machine of his own, and here shares one. */

const niceness = 5;
setPriority(process.pid, Math.min(19, getPriority() + niceness));

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
