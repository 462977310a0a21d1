import { deserialize, serialize } from 'node:v8';
import { CacheBudget } from './entity-cache.ts';
import type { Command } from './command.ts';
import { decide } from './decide.ts';
import type { Decision, DecisionContext } from './decision.ts';
import type { StateRecord } from './message.ts';
import { PartitionState } from './partition-state.ts';
import { currentRules } from './rules.ts';
import { MemoryStore, stateTopics, type StateOffsets, type StateStore, type StateTopic } from './state-store.ts';

/** One record of a state topic. */
interface Written {
  readonly topic: StateTopic;
  readonly key: string;
  readonly bytes: Uint8Array | null;
}

/**
 * A state whose groups are sealed, committed to a topic and written into a store when it is told to, and of which nothing
 * stays decoded but what must.
 */
export class StoredState {
  readonly store: StateStore;
  readonly topics: Readonly<Record<StateTopic, Written[]>> = { executions: [], outcomes: [] };
  state: PartitionState;
  readonly #changed = new Set<string>();
  readonly #sealed: (readonly Written[])[] = [];

  constructor(store: StateStore = new MemoryStore()) {
    this.store = store;
    this.state = this.#emptyState();
  }

  decide(command: Command, context: DecisionContext): Decision {
    const decision = decide(this.state, command, context);
    if (decision.kind === 'refused') return decision;
    for (const key of this.state.apply(decision.change)) this.#changed.add(key);
    return decision;
  }

  /** As the log says it, in the middle of a group perhaps. */
  useRules(): void {
    for (const key of this.state.apply([{ type: 'RulesChanged', version: currentRules }])) this.#changed.add(key);
  }

  /** Something that a partition goes through between two commands. Nothing is lost of what a command has decided. */
  happens(action: number, seed: number): void {
    if (action === 1 || action === 2) this.seal();
    if (action === 3 || action === 4) this.commit();
    if (action === 5) this.write();
    if (action < 6) return;
    if (action === 9) this.useRules();
    this.seal();
    while (this.#sealed.length > 0) this.commit();
    if (action === 6) this.write(seed % 2);
    if (action === 8) this.restartFromCompacted(seed);
    else this.restart();
  }

  seal(): void {
    const records: Written[] = [];
    for (const key of this.state.moveFormer(3)) this.#changed.add(key);
    for (const key of this.#changed) {
      const changed = this.state.encode(key);
      for (const topic of stateTopics) {
        const bytes = changed[topic];
        if (bytes !== undefined) records.push({ topic, key, bytes });
      }
    }
    this.#changed.clear();
    records.push({ topic: 'executions', key: progressKey, bytes: serialize(this.state.rules) });
    this.#sealed.push(records);
    this.state.seal(serialize(this.state.rules));
  }

  /** The oldest sealed group is in the topic. */
  commit(): void {
    const records = this.#sealed.shift();
    if (records === undefined) return;
    for (const record of records) this.topics[record.topic].push(record);
    this.state.committed(this.#ends);
  }

  get #ends(): StateOffsets {
    return { executions: this.topics.executions.length, outcomes: this.topics.outcomes.length };
  }

  /** What is committed is in the store. @param slices so many; the process dies before the others. */
  write(slices = Infinity): void {
    const writing = this.state.write();
    for (let count = 0; count < slices; count++) if (writing.next().done === true) return;
    writing.return();
  }

  /** All of what was decided is in the topics and the store. */
  settle(): void {
    this.seal();
    while (this.#sealed.length > 0) this.commit();
    this.write();
  }

  /** What each topic has by key, once it is compacted and its tombstones are gone. */
  compacted(topic: StateTopic): ReadonlyMap<string, StateRecord | number> {
    const latest = new Map(this.topics[topic].map(({ key, bytes }) => [key, bytes]));
    const there = [...latest].filter((entry): entry is [string, Uint8Array] => entry[1] !== null);
    return new Map(there.map(([key, bytes]) => [key, deserialize(bytes) as StateRecord | number]));
  }

  /** Another process begins with the store and reads the rest of the topic. */
  restart(): void {
    const { position } = this.store;
    this.#changed.clear();
    this.#sealed.length = 0;
    this.state = this.#emptyState();
    if (position?.progress !== undefined) this.state.restoreRules(deserialize(position.progress) as number);
    this.#restoreFrom(position?.offsets, this.topics);
  }

  /** Another process begins without a store, and finds of each key the latest record alone, in an order that the seed gives. */
  restartFromCompacted(seed: number): void {
    this.store.clear();
    this.#changed.clear();
    this.#sealed.length = 0;
    this.state = this.#emptyState();
    const compacted = (topic: StateTopic): readonly Written[] => {
      const records = [...new Map(this.topics[topic].map((record) => [record.key, record])).values()];
      for (let left = records.length; left > 1; left--) records.push(...records.splice((seed * 31 + left) % left, 1));
      return records;
    };
    this.#restoreFrom(undefined, { executions: compacted('executions'), outcomes: compacted('outcomes') });
  }

  #restoreFrom(from: StateOffsets | undefined, topics: Readonly<Record<StateTopic, readonly Written[]>>): void {
    const tails = stateTopics.flatMap((topic) => topics[topic].slice(from?.[topic]));
    for (const { topic, key, bytes } of tails) {
      const record = bytes === null ? undefined : (deserialize(bytes) as StateRecord | number);
      if (typeof record === 'number') this.state.restoreRules(record);
      else this.state.restoreRecord(topic, key, record, bytes);
    }
    this.#flush();
    for (const sweeping = this.state.sweep(0); sweeping.next().done !== true;) this.#flush();
    this.#flush();
  }

  #flush(): void {
    this.state.restored({ offsets: this.#ends, progress: serialize(this.state.rules) });
    this.write();
  }

  #emptyState(): PartitionState {
    return new PartitionState({
      store: this.store,
      // As the codec does: input, header and heartbeat of an open one are records of their own.
      encode: (record) =>
        serialize(record.type === 'ActivitySnapshot' ? { ...record, activity: slim(record) } : record),
      decode: (bytes) => deserialize(bytes) as StateRecord,
      digest: (text) => text,
      cache: new CacheBudget(0),
    });
  }
}

const progressKey = '__progress';

function slim({ activity }: Extract<StateRecord, { readonly type: 'ActivitySnapshot' }>): unknown {
  if ('outcome' in activity) return activity;
  const { userMetadata: _, links: __, heartbeat: ___, ...rest } = activity;
  return { ...rest, input: [], header: {} };
}
