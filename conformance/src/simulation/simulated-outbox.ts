import { partitionFor, type OutputRecord, type SentRecord } from '@ratchet/kafka';
import type { PartitionLog, SimulatedLog } from './simulated-log.ts';
import type { SimulatedProcess, World } from './world.ts';

interface Entry {
  readonly record: OutputRecord;
  readonly ticket: number;
  readonly sent: ((record: SentRecord) => void) | undefined;
}

type Appended = ReturnType<SimulatedLog['append']>;

export interface OutboxParts {
  readonly world: World;
  readonly log: SimulatedLog;
  readonly process: SimulatedProcess;
  /** How many partitions a topic has. */
  readonly partitionsOf: (topic: string) => number;
}

/** Pause before what has failed is sent again. */
const retryMs = 20;

/**
 * What a process sends: one request at a time with all that has come meanwhile; what fails is sent again, in the same order
 * per partition, so that a record may come to stand twice.
 */
export class SimulatedOutbox {
  readonly #parts: OutboxParts;
  #queue: Entry[] = [];
  #underWay = new Map<PartitionLog, readonly Entry[]>();
  #failed: Entry[] = [];
  #nextTicket = 0;
  #isScheduled = false;
  #settling: { readonly ticket: number; readonly settled: () => void }[] = [];
  #keyless = 0;
  pendingBytes = 0;

  constructor(parts: OutboxParts) {
    this.#parts = parts;
  }

  add(record: OutputRecord, sent?: (record: SentRecord) => void): void {
    this.#queue.push({ record, ticket: this.#nextTicket++, sent });
    this.pendingBytes += record.value?.length ?? 0;
    this.#schedule(0);
  }

  addAll(records: readonly OutputRecord[], sent?: (last: SentRecord) => void): void {
    for (const [index, record] of records.entries()) this.add(record, index === records.length - 1 ? sent : undefined);
  }

  /** As a channel sends: resolves once the broker has it. */
  send(record: OutputRecord): Promise<SentRecord> {
    return new Promise((resolve) => {
      this.add(record, resolve);
    });
  }

  /** Called once everything added so far is acknowledged. */
  whenSettled(settled: () => void): void {
    const { world, process } = this.#parts;
    if (this.#queue.length === 0 && this.#underWay.size === 0) world.later(process, 0, settled);
    else this.#settling.push({ ticket: this.#nextTicket, settled });
  }

  #schedule(delayMs: number): void {
    if (this.#isScheduled || this.#underWay.size > 0) return;
    this.#isScheduled = true;
    this.#parts.world.later(this.#parts.process, delayMs, () => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    const entries = this.#queue;
    this.#queue = [];
    if (entries.length === 0) return;
    const byLog = new Map<PartitionLog, Entry[]>();
    for (const entry of entries) {
      const log = this.#logOf(entry.record);
      const former = byLog.get(log);
      if (former === undefined) byLog.set(log, [entry]);
      else former.push(entry);
    }
    this.#underWay = byLog;
    this.#failed = [];
    for (const [log, part] of byLog) this.#request(log, part);
  }

  #request(log: PartitionLog, entries: readonly Entry[]): void {
    const { log: brokers, process, world } = this.#parts;
    const records = entries.map(({ record }) => record);
    let first: Appended | undefined;
    brokers.call(
      process,
      log,
      () => (first = brokers.append(log, records)),
      (appended) => {
        this.#acknowledged(log, entries, appended);
      },
      () => {
        // The next try is known by its sequence number, unless the producer was made anew meanwhile.
        if (first !== undefined && world.roll(2) === 0) {
          this.#acknowledged(log, entries, first);
          return;
        }
        if (first !== undefined) world.count('records-doubled');
        this.#failed.push(...entries);
        this.#answered(log);
      },
    );
  }

  #acknowledged(log: PartitionLog, entries: readonly Entry[], { offset, appendedAt }: Appended): void {
    this.#answered(log);
    for (const [index, { record, sent }] of entries.entries()) {
      this.pendingBytes -= record.value?.length ?? 0;
      sent?.({ partition: log.partition, offset: offset + index, appendedAt });
    }
  }

  #answered(log: PartitionLog): void {
    this.#underWay.delete(log);
    if (this.#underWay.size > 0) return;
    const failed = this.#failed.toSorted((a, b) => a.ticket - b.ticket);
    this.#failed = [];
    this.#queue = [...failed, ...this.#queue];
    const open = this.#queue[0]?.ticket ?? Infinity;
    const settled = this.#settling.filter(({ ticket }) => ticket <= open);
    this.#settling = this.#settling.filter(({ ticket }) => ticket > open);
    for (const each of settled) each.settled();
    if (this.#queue.length > 0) this.#schedule(failed.length > 0 ? retryMs : 0);
  }

  #logOf({ topic, partition, key, turns = 0 }: OutputRecord): PartitionLog {
    const { log, partitionsOf } = this.#parts;
    const count = partitionsOf(topic);
    const chosen = partition ?? (key === null ? this.#keyless++ % count : partitionFor(key, count, turns));
    return log.of(topic, chosen);
  }
}
