import type { InputRecord } from '@ratchet/kafka';
import type { Party } from './party.ts';
import type { PartitionLog, SimulatedLog } from './simulated-log.ts';
import type { World } from './world.ts';

/** A member of a consumer group, as far as the records of its topics are concerned. */
interface Reader {
  readonly party: Party;
  /** @param done told once the record is nobody's any more. */
  take(record: InputRecord, done: () => void): Promise<void>;
}

export interface DeliveryParts {
  readonly world: World;
  readonly log: SimulatedLog;
  /** Between two looks whether a reader has died with what it was given. */
  readonly redeliveryMs: number;
  /** One record in so many comes a second time, while there are faults; absent: none. */
  readonly repeatedOneIn?: number;
}

/**
 * The records of some partitions on their way to the members of one group: each to one of them at least; to another one when it
 * dies before it is done with it, or the group forms anew.
 */
export function deliverAll(
  partitions: readonly PartitionLog[],
  readers: readonly Reader[],
  { world, log, redeliveryMs, repeatedOneIn }: DeliveryParts,
): void {
  const deliver = (record: InputRecord): void => {
    const alive = readers.filter(({ party }) => party.process.isAlive);
    if (alive.length === 0) {
      world.later(undefined, redeliveryMs, () => deliver(record));
      return;
    }
    const reader = world.pick(alive);
    const { process } = reader.party;
    const { life } = process;
    let isDone = false;
    const look = (): void => {
      if (isDone) return;
      if (process.life !== life) deliver(record);
      else world.later(undefined, redeliveryMs, look);
    };
    world.later(process, world.between(1, 12), () => {
      void reader.take(record, () => {
        isDone = true;
      });
    });
    world.later(undefined, redeliveryMs, look);
    if (repeatedOneIn !== undefined && world.hasFaults && world.roll(repeatedOneIn) === 0)
      world.later(undefined, world.between(1, 500), () => deliver(record));
  };
  for (const partition of partitions) {
    let position = 0;
    partition.subscribe(() => {
      const batch = log.fetch(partition, position, 1_000);
      if (batch === undefined) return;
      position = batch.nextOffset;
      for (const record of batch.records) deliver(record);
    });
  }
}
