import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { ActivityClient } from '@ratchet/client';
import { startRatchet } from '@ratchet/tools-start';
import { environmentOf, startChild, type Child } from './child.ts';
import { queueOf } from './demo-run.ts';
import type { Progress } from './progress.ts';
import type { KillableService } from './scheduler-crash.ts';

/** Everything that runs while the demo does. */
export interface Stage {
  readonly client: ActivityClient;
  readonly scheduler: KillableService;
  readonly walkers: readonly Child[];
  readonly outside: { readonly pid: number; readonly mailbox: string };
  /** The folder of the workers' journals. */
  readonly journal: string;
  /** Never resolves; rejects when one of the processes ends unasked. */
  readonly broken: Promise<never>;
  /** Stops all of it, what started last first. */
  stop(): Promise<void>;
}

interface StageOptions {
  readonly id: string;
  /** For data, journals, letters and logs; must exist. */
  readonly folder: string;
  readonly progress: Progress;
}

/** Where in its folder a run keeps what its processes print. */
export const logName = 'processes.log';

/** Starts broker, registry, services, workers and the process outside. What was started is stopped again when one fails. */
export async function setStage(options: StageOptions): Promise<Stage> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let next = stops.pop(); next !== undefined; next = stops.pop()) await next();
  };
  try {
    return { ...(await start(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function start(
  { id, folder, progress }: StageOptions,
  stops: (() => Promise<void>)[],
): Promise<Omit<Stage, 'stop'>> {
  const log = (text: string): void => {
    appendFileSync(join(folder, logName), text);
  };
  const ratchet = await startRatchet({ folder, log: logOf(progress, log) });
  stops.push(() => ratchet.stop());
  progress.say(
    `Kafka answers at ${ratchet.brokers}, the schema registry at ${ratchet.registryUrl}; all services are ready`,
  );

  const environment = environmentOf(ratchet);
  const broken = Promise.withResolvers<never>();
  // Who waits for it may begin to only after it happened.
  broken.promise.catch(() => undefined);
  const startOne = async (main: string, ...args: readonly string[]): Promise<Child> => {
    const child = await startChild({ main, args, environment, log, onUnexpectedEnd: broken.reject });
    stops.push(() => child.stop());
    return child;
  };
  const [journal, mailbox] = [join(folder, 'journal'), join(folder, 'mailbox')];
  const [client, outside, files, ...walkers] = await Promise.all([
    ActivityClient.connect({ brokers: ratchet.brokers, registry: ratchet.registryUrl }),
    startOne('outside', mailbox),
    startOne('worker', queueOf({ id }, 'files'), journal),
    startOne('worker', queueOf({ id }, 'walk'), journal),
    startOne('worker', queueOf({ id }, 'walk'), journal),
  ]);
  stops.push(() => client.close());
  const pids = [files, ...walkers].map(({ pid }) => String(pid)).join(', ');
  progress.say(`Workers are processes ${pids}; the one outside is ${String(outside.pid)}`);
  return {
    client,
    scheduler: ratchet.services.scheduler,
    walkers,
    outside: { pid: outside.pid, mailbox },
    journal,
    broken: broken.promise,
  };
}

/** What a service prints goes to the log alone; what is being started is said too. */
const logOf =
  (progress: Progress, log: (text: string) => void) =>
  (line: string): void => {
    log(`${line}\n`);
    if (!/^[a-z-]+ *\| /.test(line)) progress.say(line);
  };
