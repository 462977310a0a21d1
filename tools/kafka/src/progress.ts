import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Awaited {
  /** Asked again and again. */
  readonly isDone: () => boolean | Promise<boolean>;
  /** Whether it is no use to wait any longer. */
  readonly isOver: () => boolean;
  /** What changes as long as it gets on: lines that were printed, states that were told. */
  readonly signs: () => string | number;
  /** The process group that works on it; what it computes is a sign, too. */
  readonly pid: () => number | undefined;
  readonly everyMs?: number;
  /** How long nothing may change. */
  readonly stallMsMax?: number;
}

/** On a machine so busy that a process gets a thirtieth of a core, that one still gets on. */
const STALL_MS_MAX = 180_000;
const CPU_SECONDS_OF_SIGN = 5;
const CPU_LOOK_MS = 5_000;

/**
 * Waits for something as long as it gets on, however long that takes: a restore of old data or a slow machine is no
 * failure, silence is.
 */
export async function awaitProgress(awaited: Awaited): Promise<'done' | 'over' | 'stalled'> {
  const { isDone, isOver, signs, pid, everyMs = 100, stallMsMax = STALL_MS_MAX } = awaited;
  let [sign, signAt] = [signs(), performance.now()];
  let [computed, lookAt] = [cpuSecondsOf(pid()), signAt];
  for (;;) {
    if (isOver()) return 'over';
    if (await isDone()) return 'done';
    const now = performance.now();
    const current = signs();
    if (current !== sign) [sign, signAt] = [current, now];
    if (now - lookAt >= CPU_LOOK_MS) {
      const seconds = cpuSecondsOf(pid());
      if (Math.abs(seconds - computed) >= CPU_SECONDS_OF_SIGN) [computed, signAt] = [seconds, now];
      lookAt = now;
    }
    if (now - signAt >= stallMsMax) return 'stalled';
    await sleep(everyMs);
  }
}

/** What all processes of a group have computed, in seconds; 0 when there are none. */
export function cpuSecondsOf(group: number | undefined): number {
  if (group === undefined) return 0;
  try {
    const lines = execFileSync('ps', ['-eo', 'pgid=,time='], { encoding: 'utf8', maxBuffer: 1 << 24 }).split('\n');
    const times = lines.map((line) => line.trim().split(/\s+/)).filter(([pgid]) => Number(pgid) === group);
    return times.reduce((sum, [, time = '']) => sum + secondsIn(time), 0);
  } catch {
    return 0;
  }
}

/** `[[days-]hours:]minutes:seconds[.hundredths]`, as `ps` writes it. */
export function secondsIn(time: string): number {
  const [days, clock] = time.includes('-') ? time.split('-') : ['0', time];
  const parts = (clock ?? '').split(':').map(Number);
  return Number(days) * 86_400 + parts.reduce((sum, part) => sum * 60 + part, 0);
}
