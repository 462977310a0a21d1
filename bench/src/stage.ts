import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { ActivityClient } from '@ratchet/client';
import { runUntilAskedToStop, unlessAborted } from '@ratchet/tools-kafka';
import { comingInAs, startRatchet, type ComingIn, type RunningRatchet } from '@ratchet/tools-start';

const folder = '.ratchet/bench';
/** Where the broker of a bench keeps its logs. */
export const kafkaLogs = `${folder}/kafka/broker-1`;

/** What is not a figure: standard output has figures only. */
export const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** @returns the value of an option. @throws Error when it is no whole number from `low` on. */
export function wholeOf(name: string, text: string, low = 1): number {
  const value = Number(text);
  if (text !== '' && Number.isSafeInteger(value) && value >= low) return value;
  throw new Error(`Expected --${name} to be a whole number from ${String(low)} on, but it is '${text}'`);
}

export interface BenchOptions {
  /** A broker that asks who comes: client and worker are users of their own, with the rights that they need. */
  readonly secured?: boolean;
  /** Of each co-partitioned topic; 4. */
  readonly partitions?: number;
}

/** How the client or the worker of a bench comes in. */
export const benchConnection = (who: 'client' | 'worker', ratchet: RunningRatchet): ComingIn =>
  comingInAs(`ratchet-${who}`, ratchet);

/**
 * The main of a bench: all services on this machine, for as long as `measure` takes, or until this
 * process is asked to stop: then `asked` is aborted.
 */
export function onRatchet(
  measure: (ratchet: RunningRatchet, asked: AbortSignal) => Promise<void>,
  { secured = false, partitions = 4 }: BenchOptions = {},
): Promise<void> {
  return runUntilAskedToStop(async (asked) => {
    // What former runs have left would be restored, and slow the start.
    rmSync(folder, { recursive: true, force: true });
    const ratchet = await startRatchet({ folder, partitions, log: say, signal: asked, secured });
    try {
      await measure(ratchet, asked);
    } finally {
      await ratchet.stop();
    }
    return 0;
  });
}

/** Beside that a worker in a process of its own, and a client. */
export function withClient(
  measure: (client: ActivityClient, ratchet: RunningRatchet) => Promise<void>,
  options: BenchOptions = {},
): Promise<void> {
  return onRatchet(async (ratchet, asked) => {
    const worker = fork(new URL('./worker.ts', import.meta.url), [JSON.stringify(benchConnection('worker', ratchet))]);
    const client = await ActivityClient.connect(benchConnection('client', ratchet));
    try {
      await unlessAborted(asked, measure(client, ratchet));
    } finally {
      await client.close();
      await end(worker);
    }
  }, options);
}

/** Asks a process to end, and waits until it has. */
export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}
