/** The memory of a process at a moment. */
export interface MemorySample {
  /** See `machineMs`. */
  readonly at: number;
  readonly name: string;
  readonly pid: number;
  readonly residentMiB: number;
}

/** A process whose memory only grew. */
export interface Growth {
  readonly name: string;
  readonly pid: number;
  /** The least that it held in each part of its life, in MiB. */
  readonly leastMiB: readonly number[];
}

/** A process must have lived so long before anything is said of it. */
export const lifeMsMin = 180_000;
const partCount = 6;
/** What the first part of a life needs: code is compiled, and caches and pools are filled. */
const warmUpParts = 1;
const growthMiBMax = 64;
/** What closed activities are kept in, until their retention ends. */
const bytesPerActivity = 3_000;

/**
 * The processes that held more in each part of their lives than in the one before, and more at last than the activities
 * account for that were accepted meanwhile.
 */
export function growing(samples: readonly MemorySample[], activitiesPerSecond: number): readonly Growth[] {
  const lives = Map.groupBy(samples, ({ name, pid }) => `${name} ${String(pid)}`);
  return Array.from(lives.values()).flatMap((life) => {
    const [first] = life;
    const last = life.at(-1);
    if (first === undefined || last === undefined || last.at - first.at < lifeMsMin) return [];
    const leastMiB = leastOfParts(life, first.at, last.at).slice(warmUpParts);
    const lifeSeconds = (last.at - first.at) / 1000;
    const accountedMiB = (lifeSeconds * activitiesPerSecond * bytesPerActivity) / 2 ** 20;
    const grownMiB = (leastMiB.at(-1) ?? 0) - (leastMiB[0] ?? 0);
    const onlyGrew = leastMiB.every((least, index) => index === 0 || least > (leastMiB[index - 1] ?? 0));
    return onlyGrew && grownMiB > growthMiBMax + accountedMiB ? [{ name: first.name, pid: first.pid, leastMiB }] : [];
  });
}

function leastOfParts(life: readonly MemorySample[], from: number, to: number): readonly number[] {
  const partMs = (to - from + 1) / partCount;
  return Array.from({ length: partCount }, (_, part) => {
    const inPart = life.filter(({ at }) => Math.floor((at - from) / partMs) === part);
    return Math.min(...inPart.map(({ residentMiB }) => residentMiB));
  });
}
