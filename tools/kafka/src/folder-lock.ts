import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

interface Owner {
  readonly pid: number;
  /** When that process started: a pid alone may have been given to another one since. */
  readonly started: string;
}

const FORMER_END_DEADLINE_MS = 20_000;

/**
 * Makes this process the only launcher over a data folder. A launcher that lives is an error; the lock of one that is gone
 * (killed, or the machine went down) is taken over, once the brokers that it left have ended.
 * Returns what releases the lock.
 */
export async function lockFolder(folder: string): Promise<() => void> {
  const file = join(folder, 'launcher.json');
  const former = readOwner(file);
  if (former !== undefined && lives(former)) {
    throw new Error(
      `Expected to start Kafka in ${folder}, but the launcher with process id ${former.pid} already runs there. ` +
        'Use the addresses that it printed, stop it, or choose another folder.',
    );
  }
  await awaitBrokersGone(folder);
  writeFileSync(file, JSON.stringify({ pid: process.pid, started: startOf(process.pid) ?? '' }));
  return () => {
    rmSync(file, { force: true });
  };
}

/** Whether the process that took a lock is still the one with its id. */
export function lives(owner: Owner): boolean {
  return startOf(owner.pid) === owner.started;
}

function readOwner(file: string): Owner | undefined {
  if (!existsSync(file)) return undefined;
  try {
    const owner = JSON.parse(readFileSync(file, 'utf8')) as Partial<Owner>;
    return typeof owner.pid === 'number' && typeof owner.started === 'string'
      ? { ...owner, pid: owner.pid, started: owner.started }
      : undefined;
  } catch {
    return undefined;
  }
}

/** When the process with this id started, as the system words it; undefined when there is none. */
export function startOf(pid: number): string | undefined {
  const stat = `/proc/${pid}/stat`;
  if (existsSync('/proc/self/stat')) return existsSync(stat) ? fieldOf(readFileSync(stat, 'utf8'), 22) : undefined;
  try {
    return execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  } catch {
    return undefined;
  }
}

/** The nth field of /proc/<pid>/stat; the second, the command in parentheses, may hold spaces. */
function fieldOf(stat: string, field: number): string | undefined {
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[field - 3];
}

/** What a dead launcher started ends by itself (see jvm.ts), which takes a moment. */
async function awaitBrokersGone(folder: string): Promise<void> {
  const end = Date.now() + FORMER_END_DEADLINE_MS;
  while (brokersIn(folder).length > 0) {
    if (Date.now() > end) {
      throw new Error(
        `Expected to start Kafka in ${folder}, but the processes ${brokersIn(folder).join(', ')} of an earlier start still run there`,
      );
    }
    await sleep(100);
  }
}

function brokersIn(folder: string): number[] {
  try {
    return execFileSync('ps', ['-eo', 'pid=,args='], { encoding: 'utf8', maxBuffer: 1 << 26 })
      .split('\n')
      .filter((line) => line.includes('kafka.Kafka') && line.includes(join(folder, 'broker-')))
      .map((line) => Number.parseInt(line, 10));
  } catch {
    return [];
  }
}
