import { hash, randomUUID } from 'node:crypto';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  CacheBudget,
  currentRules,
  decide,
  epochMillis,
  millis,
  PartitionState,
  stateTopics,
  type Command,
  type ExecutionId,
  type StateRecord,
  type StateTopic,
} from '@ratchet/domain';
import { localCodec } from '@ratchet/schemas';
import { DiskStore } from '@ratchet/store';
import { say } from './stage.ts';

const usage = `Measures what the state of one partition costs in a store on disk, without Kafka: each activity is scheduled, claimed and
completed (or left open) by the domain, sealed in groups of a thousand commands, and written.

  npm run bench:state -- [--closed N] [--open N] [--cache BYTES]

  --closed  activities that are closed and kept, with 100 bytes of input and of result (default 200000)
  --open    activities that are left open (default 20000)
  --cache   bytes of the decoded entities, and again of the pages of the file (default 33554432)

CPU times are of this process, which others on the machine cannot falsify much; RSS is of the whole process.`;

const { values } = parseArgs({
  options: {
    closed: { type: 'string', default: '200000' },
    open: { type: 'string', default: '20000' },
    cache: { type: 'string', default: String(32 * 1024 * 1024) },
    help: { type: 'boolean', default: false },
  },
});

const codec = localCodec();
const groupCommands = 1_000;
const text = 'x'.repeat(100);
const payloads = [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(text) }];

const cpuMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};
const rssMiB = (): string => (process.memoryUsage.rss() / 2 ** 20).toFixed(0);

/** Of one partition, as a scheduler has it. */
class Partition {
  readonly state: PartitionState;
  readonly store: DiskStore;
  #offset = 0;
  readonly #ends = { executions: 0, outcomes: 0 };
  #commands = 0;
  readonly #changed = new Set<string>();

  constructor(folder: string, cacheBytes: number) {
    const onDiscarded = (reason: string): void => {
      say(`thrown away: ${reason}`);
    };
    this.store = new DiskStore({ folder, partition: 0, of: { bench: 'state' }, pageBytesMax: cacheBytes, onDiscarded });
    this.state = new PartitionState({
      store: this.store,
      encode: codec.encodeState,
      decode: (bytes) => codec.decodeState(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)) as StateRecord,
      digest: (key) => hash('sha256', key, 'base64url').slice(0, 22),
      cache: new CacheBudget(cacheBytes),
    });
    this.state.restoreRules(currentRules);
  }

  send(command: Command): void {
    const offset = this.#offset++;
    const decision = decide(this.state, command, { now: epochMillis(1e12 + offset), offset, rules: currentRules });
    if (decision.kind === 'refused') throw new Error(decision.refusal.message);
    for (const key of this.state.apply(decision.change)) this.#changed.add(key);
    if (++this.#commands % groupCommands === 0) this.commit();
  }

  commit(): void {
    for (const key of this.#changed) {
      const changed = this.state.encode(key);
      for (const topic of stateTopics) if (changed[topic] !== undefined) this.#ends[topic]++;
    }
    this.#changed.clear();
    this.state.seal(new Uint8Array(100));
    this.#ends.executions++;
    this.state.committed({ ...this.#ends });
    for (const writing = this.state.write(); writing.next().done !== true;);
  }
}

function schedule(partition: Partition): ExecutionId {
  const target = { namespace: 'default', workflowId: '', runId: randomUUID(), activityId: randomUUID() };
  partition.send({
    type: 'Schedule',
    target,
    requestId: randomUUID(),
    identity: 'bench',
    activityType: 'noop',
    options: { taskQueue: 'bench', startToCloseTimeoutMs: 60_000 },
    input: payloads,
    header: {},
    idReusePolicy: 'allow-duplicate',
    idConflictPolicy: 'fail',
    shielded: false,
    retentionMs: millis(86_400_000),
    awaitOutcome: false,
  });
  return target;
}

function runThrough(partition: Partition): void {
  const target = schedule(partition);
  const attempt = { by: 'id' } as const;
  const common = { target, requestId: '', identity: 'worker', attempt };
  partition.send({ type: 'Claim', claimId: randomUUID(), ...common });
  partition.send({ type: 'Complete', result: payloads, ...common });
}

/** @returns microseconds of CPU for each. */
function measured(count: number, act: () => void): number {
  const begun = cpuMs();
  for (let index = 0; index < count; index++) act();
  return ((cpuMs() - begun) / count) * 1000;
}

function bench(folder: string): void {
  const [closedCount, openCount, cacheBytes] = [values.closed, values.open, values.cache].map(Number) as [
    number,
    number,
    number,
  ];
  let partition = new Partition(folder, cacheBytes);
  const step = Math.ceil(closedCount / 10);
  say(
    `${values.open} open ones: ${measured(openCount, () => schedule(partition)).toFixed(1)} us of CPU each, RSS ${rssMiB()} MiB`,
  );
  for (let done = 0; done < closedCount; done += step) {
    const us = measured(step, () => {
      runThrough(partition);
    });
    say(`${String(done + step)} closed: ${us.toFixed(1)} us of CPU each (three commands), RSS ${rssMiB()} MiB`);
  }
  partition.commit();
  partition.store.close();
  const bytes = readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
  say(`on disk: ${(bytes / (closedCount + openCount)).toFixed(0)} bytes for each`);

  const opened = performance.now();
  const former = new Partition(folder, cacheBytes);
  say(
    `opened again in ${(performance.now() - opened).toFixed(0)} ms, with ${String(former.state.activityCount)} activities`,
  );
  const other = mkdtempSync(join(tmpdir(), 'ratchet-bench-state-'));
  partition = new Partition(other, cacheBytes);
  let restored = 0;
  const begun = cpuMs();
  for (const topic of stateTopics) {
    for (const [key, record] of recordsOf(former, topic)) {
      partition.state.restoreRecord(topic, key, codec.decodeState(record) as StateRecord, record);
      restored++;
      if (partition.state.restoredCount >= 4_000) flush(partition);
    }
  }
  flush(partition, new Uint8Array(100));
  const us = ((cpuMs() - begun) / (closedCount + openCount)) * 1000;
  say(`restored from ${String(restored)} records: ${us.toFixed(1)} us of CPU for each activity, RSS ${rssMiB()} MiB`);
  for (const each of [former, partition]) each.store.close();
  rmSync(other, { recursive: true });
}

function flush(partition: Partition, progress?: Uint8Array): void {
  partition.state.restored({
    offsets: { executions: 0, outcomes: 0 },
    ...(progress === undefined ? {} : { progress }),
  });
  for (const writing = partition.state.write(); writing.next().done !== true;);
}

/** The records of a state topic, in the order of their schedules. */
function* recordsOf({ store }: Partition, topic: StateTopic): Generator<readonly [string, Buffer]> {
  const table = topic === 'executions' ? 'activities' : 'outcomes';
  for (let from = 0; ;) {
    const offsets = store.numbers(table, from, 1_000);
    for (const offset of offsets) {
      const main = Buffer.from(store.get(table, offset) as Uint8Array);
      const record = codec.decodeState(main) as StateRecord;
      if (record.type !== 'ActivitySnapshot') continue;
      const { runId, activityId } = record.activity.id;
      yield [`default//${runId}/${activityId}`, main];
      const input = store.get('inputs', offset);
      if (input !== undefined) yield [`default//${runId}/${activityId}/#input`, Buffer.from(input as Uint8Array)];
    }
    if (offsets.length < 1_000) return;
    from = (offsets.at(-1) ?? 0) + 1;
  }
}

if (values.help) say(usage);
else {
  const folder = mkdtempSync(join(tmpdir(), 'ratchet-bench-state-'));
  try {
    bench(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
