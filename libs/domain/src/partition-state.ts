import { isClosed, isUnclaimed, type Activity, type ClosedActivity, type ScheduledActivity } from './activity.ts';
import { heartbeatOf, inputOf } from './activity-records.ts';
import type { Change, EntityChange } from './decision.ts';
import { CacheBudget } from './entity-cache.ts';
import {
  executionKey,
  heartbeatKey,
  inputKey,
  partitionKey,
  runKey,
  signalKey,
  type ExecutionId,
  type RunId,
} from './identity.ts';
import { activityRows, changeRows, queueName, queueNamed, runRows, type TaskQueueLevel } from './index-rows.ts';
import { LifeIndex } from './life-index.ts';
import type { StateRecord } from './message.ts';
import type { PartitionView } from './partition-view.ts';
import { StateEntities, type PartitionStateParts } from './state-entities.ts';
import { StateRows, type Row } from './state-rows.ts';
import { MemoryStore, ordered, type StatePosition, type StateStore, type StateTable } from './state-store.ts';
import type { EpochMillis, Offset } from './units.ts';
import { invariant, InvariantError } from './units.ts';
import { WaitingSignals, type WaitingSignal } from './waiting-signals.ts';
import type { Signal, WorkflowRun } from './workflow-run.ts';

/** Of a state that is made and thrown away: nothing of it is ever sealed, so nothing is encoded. */
const inMemory = (): PartitionStateParts => ({
  store: new MemoryStore(),
  encode: ({ type }) => {
    throw new InvariantError(`a ${type} is sealed in a state that has no records`);
  },
  decode: () => {
    throw new InvariantError('a record is read in a state that has none');
  },
  digest: (text) => text,
  cache: new CacheBudget(0),
});

/** What stands behind a key of the state topic that has changed. `offset`: the life whose record the topic may have. */
type Changed =
  | { readonly part: 'activity' | 'input' | 'heartbeat'; readonly key: string; readonly offset: Offset }
  | { readonly part: 'run'; readonly key: string }
  | { readonly part: 'signal'; readonly row: string };

type Entity = Activity | WorkflowRun;

/**
 * Everything that one partition of the command log says, and the indexes `decide` reads it by.
 *
 * It changes through `apply` while commands are decided, and through `restoreRecord` when the state topic is read: there
 * a later record of the same key replaces the earlier, and records of different keys may come in any order. Entities are
 * immutable. They and their indexes are rows of a store (`StateRows`); decoded, they are kept as far as the cache goes.
 *
 * Changes are sealed in groups: `encode` for each key that has changed, `seal`, and, when the records are committed,
 * `committed`; then `write` puts them into the store.
 */
export class PartitionState implements PartitionView {
  readonly #parts: PartitionStateParts;
  readonly #rows: StateRows;
  readonly #entities: StateEntities;
  readonly #lives: LifeIndex;
  readonly #signals: WaitingSignals;
  readonly #changed = new Map<string, Changed>();
  #rules = 1;

  constructor(parts: PartitionStateParts = inMemory()) {
    this.#parts = parts;
    this.#rows = new StateRows(parts.store);
    this.#lives = new LifeIndex(this.#rows);
    this.#signals = new WaitingSignals({
      rows: this.#rows,
      digest: parts.digest,
      decode: (bytes) => this.#entities.decoded(bytes, 'SignalSnapshot'),
    });
    this.#entities = new StateEntities(parts, this.#rows);
  }

  /** The rules version in force. */
  get rules(): number {
    return this.#rules;
  }

  get activityCount(): number {
    return this.#rows.tally('activities');
  }

  get runCount(): number {
    return this.#rows.tally('runs');
  }

  // --- what decide asks ---

  activity(id: ExecutionId): Activity | undefined {
    const activity = this.activityByKey(executionKey(id));
    return activity !== undefined && isDeleted(activity) ? undefined : activity;
  }

  deletedActivity(id: ExecutionId): ClosedActivity | undefined {
    const activity = this.activityByKey(executionKey(id));
    return activity !== undefined && isDeleted(activity) ? activity : undefined;
  }

  /** By `executionKey`: what is recorded, a deleted activity too. */
  activityByKey(key: string): Activity | undefined {
    return this.#entities.activity(key);
  }

  run(id: RunId): WorkflowRun | undefined {
    return this.runByKey(runKey(id));
  }

  /** By `runKey`. */
  runByKey(key: string): WorkflowRun | undefined {
    return this.#entities.run(key);
  }

  latestRunId(namespace: string, activityId: string): string | undefined {
    const latest = this.#lives.latest(this.#idOf({ namespace, workflowId: '', activityId }));
    return latest === undefined ? undefined : this.#entities.activityAt(latest as Offset)?.id.runId;
  }

  *runIds(namespace: string, activityId: string): Generator<string> {
    for (const name of this.#lives.all(this.#idOf({ namespace, workflowId: '', activityId }))) {
      const activity = this.#entities.activityAt(name as Offset);
      if (activity !== undefined) yield activity.id.runId;
    }
  }

  latestWorkflowRunId(namespace: string, workflowId: string): string | undefined {
    const latest = this.#lives.latest(this.#idOf({ namespace, workflowId, activityId: '' }));
    return latest === undefined ? undefined : this.#entities.runNamed(latest as string)?.id.runId;
  }

  openActivityIds(run: RunId): Iterable<string> {
    return this.#idsInRun('openInRun', run);
  }

  keptActivityIds(run: RunId): Iterable<string> {
    return this.#idsInRun('keptInRun', run);
  }

  keptActivityCount(run: RunId): number {
    return this.#rows.tally(`kept/${this.#nameOf(run)}`);
  }

  /** @param after the offset behind which they begin. */
  signals(run: RunId, after: Offset = -1): Iterable<Signal> {
    return this.#signals.of(run, after);
  }

  signalCount(run: RunId): number {
    return this.#signals.count(run);
  }

  signalBytes(run: RunId): number {
    return this.#signals.bytes(run);
  }

  expired(
    before: EpochMillis,
    countMax: number,
  ): { readonly activities: readonly ExecutionId[]; readonly runs: readonly RunId[] } {
    const due: { readonly instant: string; readonly key: string; readonly entity: Entity }[] = [];
    for (const [row, name] of this.#rows.range('expiry', '', { to: ordered(before + 1) })) {
      // When it expires and its version: what one command closed has both alike, and goes in the order of its keys.
      const instant = row.slice(0, 16);
      if (due.length >= countMax && due.at(-1)?.instant !== instant) break;
      const entity =
        typeof name === 'number' ? this.#entities.activityAt(name) : this.#entities.runNamed(name as string);
      invariant(entity !== undefined, `something that expires is not there: ${row}`);
      due.push({ instant, key: isRun(entity) ? runKey(entity.id) : executionKey(entity.id), entity });
    }
    due.sort((one, other) => byCodeUnit(one.instant, other.instant) || byCodeUnit(one.key, other.key));
    const first = due.slice(0, countMax).map(({ entity }) => entity);
    return {
      activities: first.filter((entity): entity is Activity => !isRun(entity)).map(({ id }) => id),
      runs: first.filter(isRun).map(({ id }) => id),
    };
  }

  // --- what waits for workers ---

  /** The task queues in which activities wait whose task was sent, or was to be, and that nobody has claimed. */
  *unclaimedQueues(): Generator<TaskQueueLevel & { readonly count: number; readonly oldestAt: EpochMillis }> {
    for (const [tally, count] of this.#rows.range('tallies', 'unclaimed/')) {
      const queue = queueNamed(tally.slice('unclaimed/'.length));
      const [oldest] = this.unclaimed(queue, 1);
      if (oldest !== undefined) yield { ...queue, count: count as number, oldestAt: oldest.dispatchAt };
    }
  }

  unclaimedCount(queue: TaskQueueLevel): number {
    return this.#rows.tally(`unclaimed/${queueName(queue)}`);
  }

  /** Those of one queue, who has waited longest first. State may change meanwhile. */
  *unclaimed(queue: TaskQueueLevel, countMax?: number): Generator<ScheduledActivity> {
    const options = countMax === undefined ? {} : { countMax };
    for (const [, name] of this.#rows.range('unclaimed', `${queueName(queue)}/`, options)) {
      const activity = this.#entities.activityAt(name as Offset);
      if (activity !== undefined && isUnclaimed(activity)) yield activity;
    }
  }

  // --- change ---

  /**
   * Applies what was decided. Total and free of rules: whether it may happen was settled in `decide`.
   *
   * @returns the keys of the state topic whose records are others now.
   */
  apply(change: Change): readonly string[] {
    return change.flatMap((entity) => this.#applyTo(entity));
  }

  restoreRules(version: number): void {
    this.#rules = version;
  }

  restoreActivity(activity: Activity): void {
    const key = executionKey(activity.id);
    this.#putActivity(activity, this.activityByKey(key));
    this.#entities.pinActivity(key, activity);
  }

  restoreRun(run: WorkflowRun): void {
    const key = runKey(run.id);
    this.#putRun(run, this.runByKey(key));
    this.#entities.pinRun(key, run);
  }

  restoreSignal(run: RunId, signal: Signal): void {
    this.#signals.put({ type: 'SignalSnapshot', run, signal });
  }

  // --- groups ---

  /**
   * The record of a changed key as of now, for the state topic; `null` is a tombstone. Called once for every key that has
   * changed, before `seal`.
   *
   * @returns nothing where none need be written: what came and went within the group.
   */
  encode(topicKey: string): Uint8Array | null | undefined {
    const changed = this.#changed.get(topicKey);
    invariant(changed !== undefined, `'${topicKey}' is sealed and has not changed`);
    this.#changed.delete(topicKey);
    switch (changed.part) {
      case 'activity': {
        const activity = this.activityByKey(changed.key);
        if (activity === undefined) return null;
        return this.#encoded('activities', activity.scheduleOffset, { type: 'ActivitySnapshot', activity });
      }
      case 'input':
      case 'heartbeat':
        return this.#encodePart(changed.part, changed.key, changed.offset);
      case 'run': {
        const run = this.runByKey(changed.key);
        return run === undefined
          ? null
          : this.#encoded('runs', this.#parts.digest(changed.key), { type: 'RunSnapshot', run });
      }
      case 'signal': {
        const row = this.#rows.get('signals', changed.row);
        if (row instanceof Uint8Array) return row;
        if (row !== undefined) return this.#encoded('signals', changed.row, row as WaitingSignal);
        return this.#rows.sealed('signals', changed.row) === undefined ? undefined : null;
      }
    }
  }

  /** What was encoded is one group, and leads to this progress. */
  seal(progress: Uint8Array): void {
    this.#rows.seal(progress);
    this.#entities.unpin();
  }

  /** The oldest group that was sealed is committed, and the state topic goes on at `offset` behind it. */
  committed(offset: number): void {
    this.#rows.committed(offset);
  }

  /** Rows that are committed and not in the store yet. */
  get unwrittenCount(): number {
    return this.#rows.unwrittenCount;
  }

  /** Writes them into the store; the event loop may have its turn wherever it yields. */
  write(): Generator<void, void> {
    return this.#rows.write();
  }

  // --- restore ---

  /** Goes on with what a store has; before anything else. */
  use(store: StateStore): void {
    this.#rows.use(store);
  }

  /** What whoever keeps the state has noted under a name; they are in the store with the rest. */
  notes(prefix: string): Iterable<readonly [name: string, note: Row]> {
    return this.#rows.range('notes', prefix);
  }

  note(name: string, note: Uint8Array): void {
    this.#rows.put('notes', name, note);
  }

  /** Rows that were restored and are not in the store yet. */
  get restoredCount(): number {
    return this.#rows.openCount;
  }

  /** A record of the state topic, but the progress; `undefined` and `null` for a tombstone. */
  restoreRecord(key: string, record: StateRecord | undefined, bytes: Uint8Array | null): void {
    if (record === undefined || bytes === null) return this.#restoreTombstone(key);
    switch (record.type) {
      case 'ActivitySnapshot': {
        const { activity } = record;
        this.#putActivity(activity, this.activityByKey(key));
        this.#entities.forgetActivity(key);
        return this.#rows.put('activities', activity.scheduleOffset, bytes);
      }
      case 'ActivityInput':
        return this.#restorePart('inputs', key, record.scheduleOffset, bytes);
      case 'ActivityHeartbeat':
        return this.#restorePart('heartbeats', key, record.scheduleOffset, bytes);
      case 'RunSnapshot':
        this.#putRun(record.run, this.runByKey(key));
        this.#entities.forgetRun(key);
        return this.#rows.put('runs', this.#parts.digest(key), bytes);
      case 'SignalSnapshot':
        return this.#signals.put(record, bytes);
      case 'Progress':
        return invariant(false, `a progress stands under '${key}'`);
    }
  }

  /** The state topic is restored up to a position: `write` puts that into the store. */
  restored(position: StatePosition): void {
    this.#rows.restored(position);
  }

  /**
   * Removes the parts of activities that are not there: of lives that are over, whose tombstones came without them.
   *
   * @param from the first schedule offset that may have such. The event loop may have its turn wherever it yields.
   */
  sweep(from: Offset): Generator<void, void> {
    return this.#rows.sweep(from);
  }

  /** All activities in the order of their keys, whole: the same for equal states, however they came about. */
  *activities(): Generator<readonly [key: string, activity: Activity]> {
    yield* inKeyOrder(this.#entities.activities());
  }

  /** All runs in the order of their keys, each with its waiting signals. */
  *runs(): Generator<readonly [key: string, run: WorkflowRun, signals: readonly Signal[]]> {
    for (const [key, run] of inKeyOrder(this.#entities.runs())) yield [key, run, [...this.signals(run.id)]];
  }

  /** Every record that the state topic would hold if it were compacted now, in an order that equal states share. */
  *records(): Generator<readonly [key: string, record: StateRecord]> {
    for (const [key, activity] of this.activities()) {
      yield [key, { type: 'ActivitySnapshot', activity }];
      const [input, heartbeat] = [inputOf(activity), heartbeatOf(activity)];
      if (input !== undefined) yield [inputKey(key), input];
      if (heartbeat !== undefined) yield [heartbeatKey(key), heartbeat];
    }
    for (const [key, run, signals] of this.runs()) {
      yield [key, { type: 'RunSnapshot', run }];
      for (const signal of signals)
        yield [signalKey(key, signal.offset), { type: 'SignalSnapshot', run: run.id, signal }];
    }
  }

  /** A closed activity with all that there is to see of it: what was only ever shown is read when it is asked for. */
  whole(activity: Activity): Activity {
    return this.#entities.whole(activity);
  }

  /** How many bytes its records have. */
  stateBytes(activity: Activity): number {
    const whole = this.whole(activity);
    const records = [{ type: 'ActivitySnapshot', activity: whole } as const, inputOf(whole), heartbeatOf(whole)];
    return records.reduce((bytes, record) => bytes + (record === undefined ? 0 : this.#parts.encode(record).length), 0);
  }

  /** Forgets everything, and lets go of what it takes of the cache. */
  close(): void {
    this.#entities.clear();
  }

  // --- entities ---

  #encoded(table: StateTable, key: string | number, record: StateRecord): Uint8Array {
    const bytes = this.#parts.encode(record);
    this.#rows.put(table, key, bytes);
    return bytes;
  }

  #encodePart(part: 'input' | 'heartbeat', key: string, formerOffset: Offset): Uint8Array | null | undefined {
    const table = part === 'input' ? 'inputs' : 'heartbeats';
    const activity = this.activityByKey(key);
    const record = activity && (part === 'input' ? inputOf(activity) : heartbeatOf(activity));
    if (activity !== undefined && record !== undefined) return this.#encoded(table, activity.scheduleOffset, record);
    if (activity !== undefined) this.#rows.put(table, activity.scheduleOffset, undefined);
    return this.#rows.sealed(table, formerOffset) === undefined ? undefined : null;
  }

  // --- rows ---

  #applyTo(entity: EntityChange): readonly string[] {
    switch (entity.type) {
      case 'ActivityChanged':
        return this.#changeActivity(entity);
      case 'ActivityRemoved':
        return this.#removeClosed(entity.id);
      case 'RunChanged':
        this.restoreRun(entity.run);
        return [this.#mark(runKey(entity.run.id), { part: 'run', key: runKey(entity.run.id) })];
      case 'RunRemoved':
        this.#removeRun(runKey(entity.run));
        return [this.#mark(runKey(entity.run), { part: 'run', key: runKey(entity.run) })];
      case 'SignalAdded':
        this.restoreSignal(entity.run, entity.signal);
        return [this.#markSignal(entity.run, entity.signal.offset)];
      case 'SignalsRemoved':
        this.#signals.remove(entity.run, entity.offsets);
        return entity.offsets.map((offset) => this.#markSignal(entity.run, offset));
      case 'RulesChanged':
        this.restoreRules(entity.version);
        return [];
    }
  }

  #changeActivity({
    activity,
    changed,
  }: Extract<EntityChange, { readonly type: 'ActivityChanged' }>): readonly string[] {
    const key = executionKey(activity.id);
    const former = this.activityByKey(key);
    this.restoreActivity(activity);
    const offset = former?.scheduleOffset ?? activity.scheduleOffset;
    // A heartbeat of a former life would stay in the topic for ever.
    const hasHeartbeat = changed.heartbeat || (offset !== activity.scheduleOffset && former?.heartbeat !== undefined);
    const keys: string[] = [];
    if (changed.main) keys.push(this.#mark(key, { part: 'activity', key, offset }));
    if (changed.input) keys.push(this.#mark(inputKey(key), { part: 'input', key, offset }));
    if (hasHeartbeat) keys.push(this.#mark(heartbeatKey(key), { part: 'heartbeat', key, offset }));
    return keys;
  }

  #removeClosed(id: ExecutionId): readonly string[] {
    const key = executionKey(id);
    const activity = this.activityByKey(key);
    invariant(activity !== undefined && isClosed(activity), `removal of ${key}, which is not closed`);
    this.#removeActivity(key, activity);
    const offset = activity.scheduleOffset;
    return [
      this.#mark(key, { part: 'activity', key, offset }),
      this.#mark(inputKey(key), { part: 'input', key, offset }),
      this.#mark(heartbeatKey(key), { part: 'heartbeat', key, offset }),
    ];
  }

  /** The first change of a group knows what the topic has. */
  #mark(topicKey: string, changed: Changed): string {
    if (!this.#changed.has(topicKey)) this.#changed.set(topicKey, changed);
    return topicKey;
  }

  #markSignal(run: RunId, offset: Offset): string {
    return this.#mark(signalKey(runKey(run), offset), { part: 'signal', row: this.#signals.rowOf(run, offset) });
  }

  #putActivity(activity: Activity, former: Activity | undefined): void {
    const { id, scheduleOffset } = activity;
    changeRows(
      this.#rows,
      former === undefined ? [] : activityRows(former, this.#parts.digest),
      activityRows(activity, this.#parts.digest),
    );
    if (former?.scheduleOffset === scheduleOffset) return;
    if (former === undefined) this.#rows.count('activities', 1);
    else this.#forgetLife(former);
    this.#rows.put('ids', this.#parts.digest(executionKey(id)), scheduleOffset);
    if (id.workflowId === '') this.#lives.put(this.#idOf(id), scheduleOffset, scheduleOffset);
  }

  #removeActivity(key: string, activity: Activity): void {
    changeRows(this.#rows, activityRows(activity, this.#parts.digest), []);
    this.#rows.put('ids', this.#parts.digest(key), undefined);
    this.#rows.count('activities', -1);
    this.#forgetLife(activity);
    this.#entities.forgetActivity(key);
  }

  #forgetLife({ id, scheduleOffset }: Activity): void {
    if (id.workflowId === '') this.#lives.remove(this.#idOf(id), scheduleOffset, scheduleOffset);
    for (const table of ['activities', 'inputs', 'heartbeats'] as const)
      this.#rows.put(table, scheduleOffset, undefined);
    this.#entities.forgetName(scheduleOffset);
  }

  #putRun(run: WorkflowRun, former: WorkflowRun | undefined): void {
    changeRows(
      this.#rows,
      former === undefined ? [] : runRows(former, this.#parts.digest),
      runRows(run, this.#parts.digest),
    );
    if (former === undefined) this.#rows.count('runs', 1);
    // Of a workflow id one run is open at a time and a closed one never changes, so versions stand in the order of the runs.
    this.#lives.put(this.#idOf({ ...run.id, activityId: '' }), this.#nameOf(run.id), run.version, former?.version);
  }

  #removeRun(key: string): void {
    const run = this.runByKey(key);
    if (run === undefined) return;
    const name = this.#parts.digest(key);
    this.#signals.remove(
      run.id,
      Array.from(this.signals(run.id), ({ offset }) => offset),
    );
    changeRows(this.#rows, runRows(run, this.#parts.digest), []);
    this.#rows.put('runs', name, undefined);
    this.#rows.count('runs', -1);
    this.#lives.remove(this.#idOf({ ...run.id, activityId: '' }), name, run.version);
    this.#entities.forgetRun(key);
    this.#entities.forgetName(name);
  }

  #restorePart(table: 'inputs' | 'heartbeats', partKey: string, offset: Offset, bytes: Uint8Array): void {
    this.#rows.put(table, offset, bytes);
    // The cached one has the part as it was.
    this.#entities.forgetActivity(executionKeyOf(partKey));
  }

  #restoreTombstone(key: string): void {
    const slashCount = key.split('/').length - 1;
    if (slashCount === 2) return this.#removeRun(key);
    if (slashCount === 3) {
      const activity = this.activityByKey(key);
      if (activity !== undefined) this.#removeActivity(key, activity);
      return;
    }
    const signal = /^(.*)\/#signal\/(\d+)$/s.exec(key);
    const [, ofRun, offset] = signal ?? [];
    if (ofRun !== undefined) return this.#signals.removeAt(ofRun, Number(offset));
    const owner = executionKeyOf(key);
    const life = this.#rows.get('ids', this.#parts.digest(owner)) as number | undefined;
    this.#entities.forgetActivity(owner);
    if (life !== undefined) this.#rows.put(key.endsWith('/#input') ? 'inputs' : 'heartbeats', life, undefined);
  }

  *#idsInRun(table: 'openInRun' | 'keptInRun', run: RunId): Generator<string> {
    for (const [, activityId] of this.#rows.range(table, `${this.#nameOf(run)}/`))
      yield decodeURIComponent(activityId as string);
  }

  #nameOf(run: RunId): string {
    return this.#parts.digest(runKey(run));
  }

  #idOf(id: Omit<ExecutionId, 'runId'>): string {
    return this.#parts.digest(partitionKey(id));
  }
}

const isDeleted = (activity: Activity): activity is ClosedActivity => isClosed(activity) && activity.deleted === true;

const isRun = (entity: Entity): entity is WorkflowRun => !('scheduleOffset' in entity);

/** Without the name of the part. */
const executionKeyOf = (partKey: string): string => partKey.slice(0, partKey.lastIndexOf('/'));

function* inKeyOrder<T>(entities: ReadonlyMap<string, T>): Generator<readonly [string, T]> {
  for (const key of [...entities.keys()].sort(byCodeUnit)) {
    const entity = entities.get(key);
    if (entity !== undefined) yield [key, entity];
  }
}

const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
