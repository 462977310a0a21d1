import { isClosed, isOpen, type Activity } from './activity.ts';
import { slim, withParts } from './activity-records.ts';
import { EntityCache, type CacheBudget } from './entity-cache.ts';
import { executionKey, runKey } from './identity.ts';
import type { LifeName } from './life-index.ts';
import type { StateRecord } from './message.ts';
import { headerBytes, payloadsBytes } from './size.ts';
import type { StateRows } from './state-rows.ts';
import type { StateStore } from './state-store.ts';
import { invariant, type Offset } from './units.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** What a partition's state is made with. */
export interface PartitionStateParts {
  readonly store: StateStore;
  /** The bytes of a record, in the store as in the state topic. */
  readonly encode: (record: StateRecord) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => StateRecord;
  /** ASCII without `/`, of equal length, and never the same for two texts. */
  readonly digest: (text: string) => string;
  readonly cache: CacheBudget;
}

/** The activities and runs of a partition, decoded: those that are pinned or cached, else as their rows have them. */
export class StateEntities {
  readonly #parts: PartitionStateParts;
  readonly #rows: StateRows;
  readonly #activities: EntityCache<Activity>;
  readonly #runs: EntityCache<WorkflowRun>;
  /** Pinned entities by the name that rows have for them: schedule offset, or digest of a run key. */
  readonly #pinnedKeys = new Map<LifeName, string>();
  /** The last key that nothing was found under: who schedules asks for it, and then puts it. */
  #missing: string | undefined;

  constructor(parts: PartitionStateParts, rows: StateRows) {
    this.#parts = parts;
    this.#rows = rows;
    this.#activities = new EntityCache(parts.cache);
    this.#runs = new EntityCache(parts.cache);
  }

  /** By `executionKey`. */
  activity(key: string): Activity | undefined {
    const cached = this.#activities.get(key);
    if (cached !== undefined || this.#missing === key) return cached;
    const offset = this.#rows.get('ids', this.#parts.digest(key)) as number | undefined;
    const activity = offset === undefined ? undefined : this.activityAt(offset);
    if (activity !== undefined && executionKey(activity.id) === key) return activity;
    this.#missing = key;
    return undefined;
  }

  /** It need not be looked for in the rows. */
  isAtHand(key: string): boolean {
    return this.#missing === key || this.#activities.has(key);
  }

  /** Nothing is to be found under a key: whoever asks next need not look. */
  noteMissing(key: string): void {
    this.#missing = key;
  }

  activityAt(offset: Offset): Activity | undefined {
    const pinned = this.#pinnedKeys.get(offset);
    if (pinned !== undefined) return this.#activities.get(pinned);
    const activity = this.#storedActivity(offset);
    if (activity === undefined) return undefined;
    const key = executionKey(activity.id);
    const cached = this.#activities.get(key);
    if (cached?.version === activity.version && cached.scheduleOffset === offset) return cached;
    const kept = isClosed(activity) ? slim(activity) : this.#withParts(activity);
    this.#activities.keep(key, kept, activityBytes(kept));
    return kept;
  }

  /** By `runKey`. */
  run(key: string): WorkflowRun | undefined {
    const cached = this.#runs.get(key);
    if (cached !== undefined) return cached;
    const run = this.#storedRun(this.#parts.digest(key));
    return run === undefined || runKey(run.id) !== key ? undefined : run;
  }

  runNamed(name: string): WorkflowRun | undefined {
    const pinned = this.#pinnedKeys.get(name);
    return pinned === undefined ? this.#storedRun(name) : this.#runs.get(pinned);
  }

  /** It has changed, and has no bytes yet. */
  pinActivity(key: string, activity: Activity): void {
    this.#activities.pin(key, activity);
    this.#pinnedKeys.set(activity.scheduleOffset, key);
    this.#missing = undefined;
  }

  pinRun(key: string, run: WorkflowRun): void {
    this.#runs.pin(key, run);
    this.#pinnedKeys.set(this.#parts.digest(key), key);
  }

  /** Its rows are others now, or gone. */
  forgetActivity(key: string): void {
    this.#activities.delete(key);
    this.#missing = undefined;
  }

  forgetRun(key: string): void {
    this.#runs.delete(key);
  }

  /** Nothing has this name any more. */
  forgetName(name: LifeName): void {
    this.#pinnedKeys.delete(name);
  }

  /** What was pinned has its bytes. */
  unpin(): void {
    this.#activities.unpin(activityBytes);
    this.#runs.unpin(runBytes);
    this.#pinnedKeys.clear();
  }

  clear(): void {
    this.#activities.clear();
    this.#runs.clear();
  }

  /** A closed activity with all that there is to see of it: what was only ever shown is read when it is asked for. */
  whole(activity: Activity): Activity {
    if (isOpen(activity)) return activity;
    const isPinned = this.#activities.isPinned(executionKey(activity.id));
    const stored = isPinned ? undefined : this.#storedActivity(activity.scheduleOffset);
    return withoutForgotten(stored === undefined ? activity : this.#withParts(stored));
  }

  /** All activities by their keys, whole. */
  activities(): ReadonlyMap<string, Activity> {
    const all = new Map<string, Activity>();
    for (const [key, activity] of this.#activities.pinned()) all.set(key, this.whole(activity));
    for (const offset of this.#rows.offsets()) {
      const activity = this.activityAt(offset);
      if (activity !== undefined) all.set(executionKey(activity.id), this.whole(activity));
    }
    return all;
  }

  /** All runs by their keys. */
  runs(): ReadonlyMap<string, WorkflowRun> {
    const all = new Map(this.#runs.pinned());
    for (const table of ['runs', 'runOutcomes'] as const) {
      for (const [name] of this.#rows.range(table, '')) {
        const run = this.runNamed(name);
        if (run !== undefined) all.set(runKey(run.id), run);
      }
    }
    return all;
  }

  decoded<T extends StateRecord['type']>(bytes: Uint8Array, type: T): Extract<StateRecord, { readonly type: T }> {
    const record = this.#parts.decode(bytes);
    invariant(record.type === type, `a ${record.type} stands where a ${type} belongs`);
    return record as Extract<StateRecord, { readonly type: T }>;
  }

  /** As its record has it. */
  #storedActivity(offset: Offset): Activity | undefined {
    const bytes = this.#rows.get('activities', offset) ?? this.#rows.get('outcomes', offset);
    return bytes === undefined ? undefined : this.decoded(bytes as Uint8Array, 'ActivitySnapshot').activity;
  }

  #withParts(activity: Activity): Activity {
    const { scheduleOffset } = activity;
    const input = this.#rows.get('inputs', scheduleOffset) as Uint8Array | undefined;
    const beat = this.#rows.get('heartbeats', scheduleOffset) as Uint8Array | undefined;
    const heartbeat = beat && this.decoded(beat, 'ActivityHeartbeat');
    const isForgotten = isClosed(activity) && heartbeat?.recordedAt === 0;
    return withParts(activity, input && this.decoded(input, 'ActivityInput'), isForgotten ? undefined : heartbeat);
  }

  #storedRun(name: string): WorkflowRun | undefined {
    const bytes = (this.#rows.get('runs', name) ?? this.#rows.get('runOutcomes', name)) as Uint8Array | undefined;
    if (bytes === undefined) return undefined;
    const { run } = this.decoded(bytes, 'RunSnapshot');
    const key = runKey(run.id);
    const cached = this.#runs.get(key);
    if (cached?.version === run.version) return cached;
    this.#runs.keep(key, run, runBytes(run));
    return run;
  }
}

/** Of the heartbeat of a closed activity that a reset has forgotten the tally is left. */
const withoutForgotten = (activity: Activity): Activity =>
  isClosed(activity) && activity.heartbeat?.recordedAt === 0 && activity.heartbeat.details.length > 0
    ? { ...activity, heartbeat: { ...activity.heartbeat, details: [] } }
    : activity;

// What decoded entities take in memory is estimated: their strings and objects, and what they carry.
const activityBytes = (activity: Activity): number =>
  2_000 +
  payloadsBytes(activity.input) +
  headerBytes(activity.header) +
  payloadsBytes(activity.heartbeat?.details ?? []) +
  (isClosed(activity) && activity.outcome.type === 'success' ? payloadsBytes(activity.outcome.result) : 0);
const runBytes = ({ recentSignalIds }: WorkflowRun): number => 1_000 + 100 * recentSignalIds.length;
