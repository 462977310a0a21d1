import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

const stopMsMax = 10_000;

/** A process of the demo's own: a worker, or the one outside. */
export interface Child {
  readonly pid: number;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
  /** Cleanly; with kill -9 when it takes longer than 10 s. Safe to call twice. */
  stop(): Promise<void>;
}

export interface ChildOptions {
  /** A file beside this one, without its extension. */
  readonly main: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Told what the process prints. */
  readonly log: (text: string) => void;
  /** Told when it ends without having been killed or stopped from here. */
  readonly onUnexpectedEnd: (error: Error) => void;
}

/** The environment in which children find what they connect to. */
export const environmentOf = (addresses: { readonly brokers: string; readonly registryUrl: string }) => ({
  KAFKA_BROKERS: addresses.brokers,
  SCHEMA_REGISTRY_URL: addresses.registryUrl,
});

/**
 * Starts a process and resolves when it says that it is ready.
 *
 * It has a process group of its own, so that Ctrl-C reaches only the demo, which knows the order in which things
 * stop. It ends on its own when the demo's end of the channel is gone.
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const { main, environment, log } = options;
  const child = fork(new URL(`./${main}.js`, import.meta.url), [...options.args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    env: { ...process.env, ...environment },
  });
  for (const stream of [child.stdout, child.stderr]) stream?.setEncoding('utf8').on('data', log);
  let endExpected = false;
  const ended = Promise.withResolvers<never>();
  child.once('exit', (code, signal) => {
    const error = new Error(`Expected ${main} to run on, but it ended with ${signal ?? `code ${String(code)}`}`);
    ended.reject(error);
    if (!endExpected) options.onUnexpectedEnd(error);
  });
  await Promise.race([once(child, 'message'), ended.promise]);
  const end = (signal: NodeJS.Signals): Promise<void> => {
    endExpected = true;
    return endChild(child, signal);
  };
  return { pid: pidOf(child), kill: () => end('SIGKILL'), stop: () => end('SIGTERM') };
}

function pidOf({ pid }: ChildProcess): number {
  if (pid === undefined) throw new Error('Expected a process that got ready to have an id, but it has none');
  return pid;
}

async function endChild(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  const impatience = setTimeout(() => child.kill('SIGKILL'), stopMsMax);
  await ended;
  clearTimeout(impatience);
}

/** For the child: says that it is ready. */
export const sayReady = (): void => void process.send?.('ready');

/** For the child: calls back once when it is to stop, be it asked to or left alone. From then on only its work keeps it alive. */
export function whenToStop(stop: () => void): void {
  process.once('SIGTERM', () => {
    process.disconnect();
  });
  process.once('disconnect', stop);
}

/** For the child: what its parent put into the environment. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`Expected to find ${name} in the environment, but it is not set`);
  return value;
}
