import { JournalTail } from '../journal-tail.ts';
import { machineMs } from '../journal.ts';
import { isService, serviceRoles, type Member } from '../stage/member.ts';
import { partitionCount, type Stage } from '../stage/stage.ts';
import { Progress } from './progress.ts';

/** How it went on after the last fault. */
export interface Recovery {
  /** From the end of the last fault until everyone was back; absent: not within what was waited for. */
  readonly afterMs?: number;
  /** Who was still not back at the last look before. */
  readonly last: readonly string[];
  /** Who was not back within the limit, and what it said. */
  readonly missing: readonly string[];
}

const lookEveryMs = 250;

/**
 * Waits until every service is ready, every partition is owned by one instance, and everyone moves something again.
 *
 * @param since when the last fault was over. @param limitMs within which everyone must be back. @param waitMsMax how long
 * it is waited for, to tell the late from the lost.
 */
export async function membersBack(
  stage: Stage,
  since: number,
  { limitMs, waitMsMax }: { readonly limitMs: number; readonly waitMsMax: number },
): Promise<Recovery> {
  const tail = new JournalTail(`${stage.folder}/journals`);
  const progress = new Progress(
    partitionCount,
    stage.workers.map(({ name }) => name),
  );
  let missingAtLimit: readonly string[] | undefined;
  let last: readonly string[] = [];
  for (;;) {
    progress.add(tail.next(), since);
    const missing = [...(await notReady(stage.services)), ...progress.missing];
    const afterMs = machineMs() - since;
    if (missing.length === 0) return { afterMs, last, missing: missingAtLimit ?? [] };
    if (afterMs > limitMs) missingAtLimit ??= missing;
    if (afterMs > waitMsMax) return { last: missing, missing: missingAtLimit ?? missing };
    last = missing;
    await stage.pause(lookEveryMs);
  }
}

async function notReady(services: readonly Member[]): Promise<readonly string[]> {
  const readiness = await Promise.all(services.map(async (member) => [member, await member.readiness()] as const));
  const troubles = readiness.flatMap(([{ name }, { ready, said }]) => (ready ? [] : [`${name} is not ready: ${said}`]));
  const unowned = serviceRoles
    .filter((role) => isService(role) && role !== 'completion-gateway')
    .flatMap((role) => {
      const owned = readiness.flatMap(([member, { owned: own }]) => (member.role === role ? own : []));
      return owned.length === partitionCount && new Set(owned).size === partitionCount
        ? []
        : [`the partitions of ${role} are owned as ${owned.toSorted().join(', ')}`];
    });
  return [...troubles, ...unowned];
}
