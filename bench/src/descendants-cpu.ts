import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: what Linux counts CPU time in, on every machine of today. */
const ticksPerSecond = 100;

interface Process {
  readonly pid: number;
  readonly name: string;
  readonly parent: number;
  readonly cpuMs: number;
}

/** CPU time by name of process, in milliseconds. */
export type CpuByName = ReadonlyMap<string, number>;

/** CPU time that the running descendants of this process have used, but for those under `except`. Linux only. */
export function descendantsCpu(except: readonly number[]): CpuByName {
  const processes = all();
  const byName = new Map<string, number>();
  const count = (parent: number): void => {
    for (const { pid, name, cpuMs } of processes.filter((each) => each.parent === parent)) {
      if (except.includes(pid)) continue;
      byName.set(name, (byName.get(name) ?? 0) + cpuMs);
      count(pid);
    }
  };
  count(process.pid);
  return byName;
}

/** CPU time that a process has used, in milliseconds. Linux only. */
export const processCpuMs = (pid: number): number => processIn(readFileSync(`/proc/${String(pid)}/stat`, 'utf8')).cpuMs;

function all(): readonly Process[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        return [processIn(readFileSync(`/proc/${name}/stat`, 'utf8'))];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

/** `pid (name) state ppid ...`: the name may have anything in it. */
function processIn(stat: string): Process {
  const nameEnd = stat.lastIndexOf(')');
  const fields = stat.slice(nameEnd + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return {
    pid: Number.parseInt(stat, 10),
    name: stat.slice(stat.indexOf('(') + 1, nameEnd),
    parent: Number(fields[1]),
    cpuMs: (ticks / ticksPerSecond) * 1000,
  };
}
