import { readdirSync, readFileSync } from 'node:fs';

/** USER_HZ: what Linux counts CPU time in, on every machine of today. */
const ticksPerSecond = 100;

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly cpuMs: number;
}

/** CPU time that the running descendants of this process have used, but for those under `except`, in milliseconds. Linux only. */
export function descendantsCpuMs(except: readonly number[]): number {
  const processes = all();
  const counted = (parent: number): number =>
    processes
      .filter((each) => each.parent === parent && !except.includes(each.pid))
      .reduce((sum, { pid, cpuMs }) => sum + cpuMs + counted(pid), 0);
  return counted(process.pid);
}

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
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = Number(fields[11]) + Number(fields[12]);
  return { pid: Number.parseInt(stat, 10), parent: Number(fields[1]), cpuMs: (ticks / ticksPerSecond) * 1000 };
}
