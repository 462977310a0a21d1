import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CacheBudget, type StateStore } from '@ratchet/domain';
import type { Cluster } from '@ratchet/protocol';
import { topics } from '@ratchet/schemas';
import type { RunnerTools } from '@ratchet/service-kit';
import { DiskStore, storesIn } from '@ratchet/store';
import type { SchedulerConfig } from './scheduler.config.ts';

export interface StateStores {
  /** @throws OperationalError RKT1012, retryable, while it cannot be had. */
  open(partition: number): StateStore;
  /** Partitions that there is a file of, and when it was written last, on this machine's clock. */
  writtenAt(): ReadonlyMap<number, number>;
  /** What decoded entities may take, of all partitions together. */
  readonly cache: CacheBudget;
  /** Removes what was only meant for this process. */
  remove(): void;
}

/** Each partition has a file of its own in the folder of this instance. Half of the memory is for entities, half for pages. */
export async function stateStores(
  { stateDirectory, stateCacheBytes }: SchedulerConfig,
  { log, metrics }: RunnerTools,
  { connection, partitions }: Cluster,
): Promise<StateStores> {
  const { clusterId } = await connection.admin.describeCluster();
  const folder = stateDirectory === '' ? temporaryFolder() : stateDirectory;
  const cache = new CacheBudget(stateCacheBytes / 2);
  metrics.gauge('ratchet_state_cache_bytes', 'What decoded entities take in memory, about', () => cache.usedBytes);
  return {
    cache,
    writtenAt: () => storesIn(folder),
    open: (partition) =>
      new DiskStore({
        folder,
        partition,
        of: {
          cluster: clusterId,
          topics: [topics.executions, topics.outcomes].map((topic) => connection.realName(topic)).join(' '),
          partitions: String(partitions),
        },
        pageBytesMax: stateCacheBytes / 2 / partitions,
        onDiscarded: (reason) => {
          log.warn(
            { partition, folder },
            `the state store of partition ${String(partition)} is thrown away: ${reason}`,
          );
        },
      }),
    remove: () => {
      if (stateDirectory === '') rmSync(folder, { recursive: true, force: true });
    },
  };
}

const temporaryPrefix = 'ratchet-state-';
let folderCount = 0;

/** Named by the process, so that those of processes that were killed can be told and removed. */
function temporaryFolder(): string {
  const root = tmpdir();
  for (const name of readdirSync(root)) {
    const pid = new RegExp(`^${temporaryPrefix}(\\d+)-`).exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(root, name), { recursive: true, force: true });
  }
  const folder = join(root, `${temporaryPrefix}${String(process.pid)}-${String(folderCount++)}`);
  mkdirSync(folder, { recursive: true });
  return folder;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Of somebody else: then it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
