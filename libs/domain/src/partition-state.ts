import { isClosed, isUnclaimed, type Activity, type ClosedActivity, type ScheduledActivity } from './activity.ts';
import { heartbeatOf, inputOf } from './activity-records.ts';
import { FirstDeadline } from './deadlines.ts';
import type { Change, EntityChange } from './decision.ts';
import { CacheBudget } from './entity-cache.ts';
import { EntityRows, type ChangedRecords } from './entity-rows.ts';
import { executionKey, heartbeatKey, inputKey, runKey, signalKey, type ExecutionId, type RunId } from './identity.ts';
import { queueName, queueNamed, type TaskQueueLevel } from './index-rows.ts';
import type { StateRecord } from './message.ts';
import type { PartitionView } from './partition-view.ts';
import { StateEncoder, type Changed } from './state-encoder.ts';
import { StateEntities, type PartitionStateParts } from './state-entities.ts';
import { StateRows, type Row } from './state-rows.ts';
import {
  MemoryStore,
  ordered,
  type StateOffsets,
  type StatePosition,
  type StateStore,
  type StateTopic,
} from './state-store.ts';
import { hasOutcomes } from './rules.ts';
import type { EpochMillis, Offset } from './units.ts';
import { invariant, InvariantError } from './units.ts';
import { WaitingSignals } from './waiting-signals.ts';
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

type Entity = Activity | WorkflowRun;

/**
 * Everything that one partition of the command log says, and the indexes `decide` reads it by.
 *
 * It changes through `apply` while commands are decided, and through `restoreRecord` when the state topics are read, what is open
 * before what is closed: there a later record of the same key replaces the earlier, and records of different keys may come in any
 * order. Entities are immutable. They and their indexes are rows of a store (`StateRows`); decoded, they are kept as far as the
 * cache goes.
 *
 * What is open stands in `executions`, what is closed in `outcomes`, whole in one record. A life leaves the one with the
 * transaction that puts it into the other. Until the rules say so, closed ones stand in `executions`, too (`former`).
 *
 * Changes are sealed in groups: `encode` for each key that has changed, `seal`, and, when the records are committed,
 * `committed`; then `write` puts them into the store.
 */
export class PartitionState implements PartitionView {
  readonly #parts: PartitionStateParts;
  readonly #rows: StateRows;
  readonly #entities: StateEntities;
  readonly #entityRows: EntityRows;
  readonly #encoder: StateEncoder;
  readonly #signals: WaitingSignals;
  readonly #changed = new Map<string, Changed>();
  #rules = 1;
  readonly #due = new FirstDeadline();

  constructor(parts: PartitionStateParts = inMemory()) {
    this.#parts = parts;
    this.#rows = new StateRows(parts.store);
    this.#signals = new WaitingSignals({
      rows: this.#rows,
      digest: parts.digest,
      decode: (bytes) => this.#entities.decoded(bytes, 'SignalSnapshot'),
    });
    const entities = (this.#entities = new StateEntities(parts, this.#rows));
    const rows = this.#rows;
    const entityRows = (this.#entityRows = new EntityRows({ rows, entities, digest: parts.digest }));
    this.#encoder = new StateEncoder({ encode: parts.encode, rows, entities, entityRows, rules: () => this.#rules });
  }

  /** The rules version in force. */
  get rules(): number {
    return this.#rules;
  }

  /** The first deadline of what has changed since the last seal, as it was or as it is; `Infinity`: there is none. */
  get dueAt(): number {
    return this.#due.at;
  }

  get activityCount(): number {
    return this.#rows.tally('activities');
  }

  get runCount(): number {
    return this.#rows.tally('runs');
  }

  // --- what decide asks ---

  activity(id: ExecutionId): Activity | undefined {
    const activity = this.#activityOf(id);
    return activity !== undefined && isDeleted(activity) ? undefined : activity;
  }

  deletedActivity(id: ExecutionId): ClosedActivity | undefined {
    const activity = this.#activityOf(id);
    return activity !== undefined && isDeleted(activity) ? activity : undefined;
  }

  /** By `executionKey`: what is recorded, a deleted activity too. */
  activityByKey(key: string): Activity | undefined {
    return this.#entities.activity(key);
  }

  #activityOf(id: ExecutionId): Activity | undefined {
    const key = executionKey(id);
    // An id that has no life has none of this run either: nearly all that are scheduled are looked for only once.
    const isNew = id.workflowId === '' && !this.#entities.isAtHand(key) && !this.#entityRows.hasLife(id);
    if (isNew) this.#entities.noteMissing(key);
    return this.activityByKey(key);
  }

  run(id: RunId): WorkflowRun | undefined {
    return this.runByKey(runKey(id));
  }

  /** By `runKey`. */
  runByKey(key: string): WorkflowRun | undefined {
    return this.#entities.run(key);
  }

  latestRunId(namespace: string, activityId: string): string | undefined {
    const latest = this.#entityRows.lives.latest(this.#entityRows.idOf({ namespace, workflowId: '', activityId }));
    return latest === undefined ? undefined : this.#entities.activityAt(latest as Offset)?.id.runId;
  }

  *runIds(namespace: string, activityId: string): Generator<string> {
    for (const name of this.#entityRows.lives.all(this.#entityRows.idOf({ namespace, workflowId: '', activityId }))) {
      const activity = this.#entities.activityAt(name as Offset);
      if (activity !== undefined) yield activity.id.runId;
    }
  }

  latestWorkflowRunId(namespace: string, workflowId: string): string | undefined {
    const latest = this.#entityRows.lives.latest(this.#entityRows.idOf({ namespace, workflowId, activityId: '' }));
    return latest === undefined ? undefined : this.#entities.runNamed(latest as string)?.id.runId;
  }

  openActivityIds(run: RunId): Iterable<string> {
    return this.#idsInRun('openInRun', run);
  }

  keptActivityIds(run: RunId): Iterable<string> {
    return this.#idsInRun('keptInRun', run);
  }

  keptActivityCount(run: RunId): number {
    return this.#rows.tally(`kept/${this.#entityRows.nameOf(run)}`);
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
    this.#putActivity(key, activity, this.activityByKey(key));
  }

  #putActivity(key: string, activity: Activity, former: Activity | undefined): void {
    this.#entityRows.putActivity(key, activity, former);
    this.#entities.pinActivity(key, activity);
  }

  restoreRun(run: WorkflowRun): void {
    const key = runKey(run.id);
    this.#entityRows.putRun(run, this.runByKey(key));
    this.#entities.pinRun(key, run);
  }

  restoreSignal(run: RunId, signal: Signal): void {
    this.#signals.put({ type: 'SignalSnapshot', run, signal });
  }

  // --- groups ---

  /**
   * The records of a changed key as of now, by topic; `null` is a tombstone. Called once for every key that has changed, before
   * `seal`.
   *
   * @returns nothing where none need be written: what came and went within the group.
   */
  encode(topicKey: string): ChangedRecords {
    const changed = this.#changed.get(topicKey);
    invariant(changed !== undefined, `'${topicKey}' is sealed and has not changed`);
    this.#changed.delete(topicKey);
    return this.#encoder.encode(changed);
  }

  /** What was encoded is one group, and leads to this progress. */
  seal(progress: Uint8Array): void {
    this.#rows.seal(progress);
    this.#entities.unpin();
    this.#due.clear();
  }

  /** The oldest group that was sealed is committed, and the state topics go on at `offsets` behind it. */
  committed(offsets: StateOffsets): void {
    this.#rows.committed(offsets);
  }

  /**
   * Takes some of what has closed and stands in `executions` for changed, so that the next group writes it to `outcomes`.
   *
   * @returns their keys, as of `apply`; none once all have gone over, and before the rules have it so.
   */
  moveFormer(countMax: number): readonly string[] {
    if (!hasOutcomes(this.#rules)) return [];
    const keys: string[] = [];
    for (const [, name] of this.#rows.range('former', '', { countMax })) {
      if (keys.length >= countMax) break;
      if (typeof name === 'number') keys.push(...this.#moveActivity(name));
      else keys.push(...this.#moveRun(name as string));
    }
    return keys;
  }

  /** When the retention of something closed ends first. */
  get expiresFirstAt(): EpochMillis | undefined {
    return this.#entityRows.expiresFirstAt;
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

  /**
   * A record of a state topic, but the progress; `undefined` and `null` for a tombstone. Each topic speaks for itself: a record of
   * one that is older than what the other has said changes nothing, and a tombstone removes what stands in its own topic.
   */
  restoreRecord(topic: StateTopic, key: string, record: StateRecord | undefined, bytes: Uint8Array | null): void {
    if (record === undefined || bytes === null) return this.#restoreTombstone(topic, key);
    switch (record.type) {
      case 'ActivitySnapshot':
        return this.#restoreActivityRecord(topic, key, record.activity, bytes);
      case 'ActivityInput':
        return this.#restorePart('inputs', key, record.scheduleOffset, bytes);
      case 'ActivityHeartbeat':
        return this.#restorePart('heartbeats', key, record.scheduleOffset, bytes);
      case 'RunSnapshot':
        return this.#restoreRunRecord(topic, key, record.run, bytes);
      case 'SignalSnapshot':
        return this.#signals.put(record, bytes);
      case 'Progress':
        return invariant(false, `a progress stands under '${key}'`);
    }
  }

  /** The state topics are restored up to a position: `write` puts that into the store. */
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

  /** Every record that the state topics would hold if they were compacted now, in an order that equal states share. */
  *records(): Generator<readonly [key: string, record: StateRecord]> {
    for (const [key, activity] of this.activities()) {
      yield [key, { type: 'ActivitySnapshot', activity }];
      if (isClosed(activity)) continue;
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
    const parts = isClosed(whole) ? [] : [inputOf(whole), heartbeatOf(whole)];
    const records = [{ type: 'ActivitySnapshot', activity: whole } as const, ...parts];
    return records.reduce((bytes, record) => bytes + (record === undefined ? 0 : this.#parts.encode(record).length), 0);
  }

  /** Forgets everything, and lets go of what it takes of the cache. */
  close(): void {
    this.#entities.clear();
  }

  // --- rows ---

  #applyTo(entity: EntityChange): readonly string[] {
    switch (entity.type) {
      case 'ActivityChanged':
        return this.#changeActivity(entity);
      case 'ActivityRemoved':
        return this.#removeClosed(entity.id);
      case 'RunChanged':
        this.#due.note(this.run(entity.run.id), entity.run);
        this.restoreRun(entity.run);
        return [this.#mark(runKey(entity.run.id), { part: 'run', key: runKey(entity.run.id) })];
      case 'RunRemoved':
        this.#due.note(this.run(entity.run));
        this.#removeRun(entity.run);
        return [this.#mark(runKey(entity.run), { part: 'run', key: runKey(entity.run) })];
      case 'SignalAdded':
        this.restoreSignal(entity.run, entity.signal);
        return [this.#markSignal(entity.run, entity.signal.offset)];
      case 'SignalsRemoved':
        this.#signals.remove(entity.run, entity.offsets);
        return entity.offsets.map((offset) => this.#markSignal(entity.run, offset));
      case 'RulesChanged':
        this.restoreRules(entity.version);
        return this.#markPartsOfClosed();
    }
  }

  #changeActivity({
    activity,
    changed,
  }: Extract<EntityChange, { readonly type: 'ActivityChanged' }>): readonly string[] {
    const key = executionKey(activity.id);
    const former = this.activityByKey(key);
    this.#due.note(former, activity);
    this.#putActivity(key, activity, former);
    const offset = former?.scheduleOffset;
    // What is in `outcomes` has no parts of its own, and a heartbeat of a former life would stay in the topic for ever.
    const isOver = isClosed(activity) && hasOutcomes(this.#rules);
    const mayHaveHeartbeat = former !== undefined && (isClosed(former) || former.heartbeat !== undefined);
    const hasHeartbeat = changed.heartbeat || (mayHaveHeartbeat && (isOver || offset !== activity.scheduleOffset));
    const keys: string[] = [];
    if (changed.main) keys.push(this.#mark(key, { part: 'activity', key, offset }));
    if (changed.input || isOver) keys.push(this.#mark(inputKey(key), { part: 'input', key, offset }));
    if (hasHeartbeat) keys.push(this.#mark(heartbeatKey(key), { part: 'heartbeat', key, offset }));
    return keys;
  }

  /** What has closed within the group before the rules changed goes to `outcomes` with it. */
  #markPartsOfClosed(): readonly string[] {
    return [...this.#changed.values()].flatMap((changed) => {
      const isActivity = changed.part === 'activity' && changed.offset !== undefined;
      return isActivity ? this.#markAll(changed.key, changed.offset) : [];
    });
  }

  #moveActivity(offset: Offset): readonly string[] {
    const activity = this.#entities.activityAt(offset);
    invariant(
      activity !== undefined,
      `a closed activity that stands among the open ones is not there: ${String(offset)}`,
    );
    return this.#markAll(executionKey(activity.id), offset);
  }

  #moveRun(name: string): readonly string[] {
    const run = this.#entities.runNamed(name);
    invariant(run !== undefined, `a closed run that stands among the open ones is not there: ${name}`);
    return [this.#mark(runKey(run.id), { part: 'run', key: runKey(run.id) })];
  }

  #removeClosed(id: ExecutionId): readonly string[] {
    const key = executionKey(id);
    const activity = this.activityByKey(key);
    invariant(activity !== undefined && isClosed(activity), `removal of ${key}, which is not closed`);
    this.#due.note(activity);
    this.#entityRows.removeActivity(key, activity);
    return this.#markAll(key, activity.scheduleOffset);
  }

  #removeRun(id: RunId): void {
    const run = this.run(id);
    if (run === undefined) return;
    const offsets = Array.from(this.signals(id), ({ offset }) => offset);
    this.#signals.remove(id, offsets);
    this.#entityRows.removeRun(run);
  }

  #markAll(key: string, offset: Offset | undefined): readonly string[] {
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

  #restorePart(table: 'inputs' | 'heartbeats', partKey: string, offset: Offset, bytes: Uint8Array): void {
    this.#rows.put(table, offset, bytes);
    // The cached one has the part as it was.
    this.#entities.forgetActivity(executionKeyOf(partKey));
  }

  #restoreActivityRecord(topic: StateTopic, key: string, activity: Activity, bytes: Uint8Array): void {
    const known = this.activityByKey(key);
    if (known !== undefined && known.version > activity.version) return;
    this.#entityRows.putActivity(key, activity, known);
    this.#entities.forgetActivity(key);
    const isKnown = known?.scheduleOffset === activity.scheduleOffset;
    this.#entityRows.putActivityBytes(activity, bytes, topic, isKnown);
  }

  #restoreRunRecord(topic: StateTopic, key: string, run: WorkflowRun, bytes: Uint8Array): void {
    const known = this.runByKey(key);
    if (known !== undefined && known.version > run.version) return;
    this.#entityRows.putRun(run, known);
    this.#entities.forgetRun(key);
    this.#entityRows.putRunBytes(run, bytes, topic);
  }

  #restoreTombstone(topic: StateTopic, key: string): void {
    const slashCount = key.split('/').length - 1;
    if (slashCount === 2) {
      // Its signals have records, and tombstones, of their own.
      const run = this.#entityRows.isRunIn(topic, key) ? this.runByKey(key) : undefined;
      if (run !== undefined) this.#entityRows.removeRun(run);
      return;
    }
    if (slashCount === 3) {
      const activity = this.#entityRows.isIn(topic, key) ? this.activityByKey(key) : undefined;
      if (activity !== undefined) this.#entityRows.removeActivity(key, activity);
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
    for (const [, activityId] of this.#rows.range(table, `${this.#entityRows.nameOf(run)}/`))
      yield decodeURIComponent(activityId as string);
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
