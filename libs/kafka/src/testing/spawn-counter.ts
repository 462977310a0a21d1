import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { createInterface } from 'node:readline';
import type { CounterServiceOptions } from './counter-service.ts';

export interface SpawnedCounter {
  /** All lines so far. */
  readonly lines: readonly string[];
  /** Called for every further line. */
  onLine: (line: string) => void;
  signal(signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT'): void;
  readonly exited: Promise<unknown>;
}

/**
 * Starts a counter service in a process of its own. Whoever starts one kills it.
 *
 * @param preload JavaScript that runs in it before anything else.
 */
export function spawnCounter(options: CounterServiceOptions, preload = ''): SpawnedCounter {
  const main = new URL('counter-service.ts', import.meta.url).pathname;
  const before = `data:text/javascript,${encodeURIComponent(preload)}`;
  const args = ['--conditions=@ratchet/source', '--import', before, main, JSON.stringify(options)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const spawned: SpawnedCounter = {
    lines,
    onLine: () => undefined,
    signal: (signal) => void child.kill(signal),
    exited: once(child, 'exit'),
  };
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    spawned.onLine(line);
  });
  return spawned;
}
