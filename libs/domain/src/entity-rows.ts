import { isClosed, type Activity } from './activity.ts';
import { partitionKey, runKey, type ExecutionId, type RunId } from './identity.ts';
import { activityRows, changeRows, runRows } from './index-rows.ts';
import { LifeIndex } from './life-index.ts';
import type { StateEntities } from './state-entities.ts';
import type { StateRows } from './state-rows.ts';
import { ordered, orderedNumber, stateTopics, type StateTopic } from './state-store.ts';
import type { EpochMillis, Offset } from './units.ts';
import type { WorkflowRun } from './workflow-run.ts';

/** By the topic that an entity stands in: the table that has the bytes of its record. */
const activityTables = { executions: 'activities', outcomes: 'outcomes' } as const satisfies Record<StateTopic, string>;
const runTables = { executions: 'runs', outcomes: 'runOutcomes' } as const satisfies Record<StateTopic, string>;

/** The records of a key that a group has changed: what is to be written to a topic; `null` is a tombstone. */
export type ChangedRecords = Readonly<Partial<Record<StateTopic, Uint8Array | null>>>;

export interface EntityRowsParts {
  readonly rows: StateRows;
  readonly entities: StateEntities;
  readonly digest: (text: string) => string;
}

/** Puts and removes activities and runs, each with the rows of all indexes that lead to it. */
export class EntityRows {
  readonly #rows: StateRows;
  readonly #entities: StateEntities;
  readonly #digest: (text: string) => string;
  readonly lives: LifeIndex;

  constructor({ rows, entities, digest }: EntityRowsParts) {
    this.#rows = rows;
    this.#entities = entities;
    this.#digest = digest;
    this.lives = new LifeIndex(rows);
  }

  nameOf(run: RunId): string {
    return this.#digest(runKey(run));
  }

  idOf(id: Omit<ExecutionId, 'runId'>): string {
    return this.#digest(partitionKey(id));
  }

  /** Whether there is anything of a standalone id. */
  hasLife(id: ExecutionId): boolean {
    return this.lives.latest(this.idOf(id)) !== undefined;
  }

  /** When the first of what is closed may go. */
  get expiresFirstAt(): EpochMillis | undefined {
    for (const [row] of this.#rows.range('expiry', '', { countMax: 32 })) return orderedInstant(row);
    return undefined;
  }

  // --- activities ---

  /** Everything but its bytes. */
  putActivity(key: string, activity: Activity, former: Activity | undefined): void {
    const { id, scheduleOffset } = activity;
    const before = former === undefined ? [] : activityRows(former, this.#digest);
    changeRows(this.#rows, before, activityRows(activity, this.#digest));
    if (former?.scheduleOffset === scheduleOffset) return;
    if (former === undefined) this.#rows.count('activities', 1);
    else this.#forgetLife(former);
    this.#rows.put('ids', this.#digest(key), scheduleOffset);
    if (id.workflowId === '') this.lives.put(this.idOf(id), scheduleOffset, scheduleOffset);
  }

  /** The bytes of its record, which stands in a topic, and after this in no other. @param isKnown it was there before. */
  putActivityBytes(activity: Activity, bytes: Uint8Array, topic: StateTopic, isKnown: boolean): void {
    const { scheduleOffset } = activity;
    this.#rows.put(activityTables[topic], scheduleOffset, bytes);
    this.#noteFormer(activity, topic);
    if (topic === 'outcomes' && isKnown) this.#dropOpen(scheduleOffset);
  }

  /** As `putActivityBytes`, of a life that began within the group. */
  addActivityBytes(activity: Activity, bytes: Uint8Array, topic: StateTopic): void {
    this.#rows.add(activityTables[topic], activity.scheduleOffset, bytes);
    this.#noteFormer(activity, topic);
  }

  #noteFormer(activity: Activity, topic: StateTopic): void {
    const { scheduleOffset } = activity;
    const isFormer = topic === 'executions' && isClosed(activity);
    if (isFormer) this.#rows.put('former', ordered(scheduleOffset), scheduleOffset);
  }

  removeActivity(key: string, activity: Activity): void {
    changeRows(this.#rows, activityRows(activity, this.#digest), []);
    this.#rows.put('ids', this.#digest(key), undefined);
    this.#rows.count('activities', -1);
    this.#forgetLife(activity);
    this.#entities.forgetActivity(key);
  }

  /** Whether the record of a key stands in a topic. */
  isIn(topic: StateTopic, key: string): boolean {
    const life = this.#rows.get('ids', this.#digest(key));
    return life !== undefined && this.#rows.get(activityTables[topic], life as Offset) !== undefined;
  }

  /** What an activity that changes must be written as. @param formerOffset of the life that the topics may have a record of. */
  changedActivity(current: Written | undefined, formerOffset: Offset | undefined): ChangedRecords {
    const isThere = (topic: StateTopic): boolean =>
      formerOffset !== undefined && this.#rows.sealed(activityTables[topic], formerOffset) !== undefined;
    return changedRecords(current, isThere);
  }

  #forgetLife({ id, scheduleOffset }: Activity): void {
    if (id.workflowId === '') this.lives.remove(this.idOf(id), scheduleOffset, scheduleOffset);
    this.#rows.put('outcomes', scheduleOffset, undefined);
    this.#dropOpen(scheduleOffset);
    this.#entities.forgetName(scheduleOffset);
  }

  #dropOpen(scheduleOffset: Offset): void {
    for (const table of ['activities', 'inputs', 'heartbeats'] as const)
      this.#rows.put(table, scheduleOffset, undefined);
    this.#rows.put('former', ordered(scheduleOffset), undefined);
  }

  // --- runs ---

  /** Everything but its bytes. */
  putRun(run: WorkflowRun, former: WorkflowRun | undefined): void {
    changeRows(this.#rows, former === undefined ? [] : runRows(former, this.#digest), runRows(run, this.#digest));
    if (former === undefined) this.#rows.count('runs', 1);
    // Of a workflow id one run is open at a time and a closed one never changes, so versions stand in the order of the runs.
    this.lives.put(this.idOf({ ...run.id, activityId: '' }), this.nameOf(run.id), run.version, former?.version);
  }

  /** As `putActivityBytes`. */
  putRunBytes(run: WorkflowRun, bytes: Uint8Array, topic: StateTopic): void {
    const name = this.nameOf(run.id);
    this.#rows.put(runTables[topic], name, bytes);
    if (topic === 'executions' && run.close !== undefined) this.#rows.put('former', name, name);
    if (topic === 'outcomes') this.#dropOpenRun(name);
  }

  removeRun(run: WorkflowRun): void {
    const name = this.nameOf(run.id);
    changeRows(this.#rows, runRows(run, this.#digest), []);
    this.#rows.put('runOutcomes', name, undefined);
    this.#dropOpenRun(name);
    this.#rows.count('runs', -1);
    this.lives.remove(this.idOf({ ...run.id, activityId: '' }), name, run.version);
    this.#entities.forgetRun(runKey(run.id));
    this.#entities.forgetName(name);
  }

  isRunIn(topic: StateTopic, key: string): boolean {
    return this.#rows.get(runTables[topic], this.#digest(key)) !== undefined;
  }

  changedRun(current: Written | undefined, key: string): ChangedRecords {
    const name = this.#digest(key);
    return changedRecords(current, (topic) => this.#rows.sealed(runTables[topic], name) !== undefined);
  }

  #dropOpenRun(name: string): void {
    this.#rows.put('runs', name, undefined);
    this.#rows.put('former', name, undefined);
  }
}

/** A record as it is to be written. */
interface Written {
  readonly topic: StateTopic;
  readonly bytes: Uint8Array;
}

/** @param isThere whether a topic has a record of the key, as of the last seal. */
function changedRecords(current: Written | undefined, isThere: (topic: StateTopic) => boolean): ChangedRecords {
  const records: Partial<Record<StateTopic, Uint8Array | null>> = {};
  for (const topic of stateTopics) {
    if (current?.topic === topic) records[topic] = current.bytes;
    else if (isThere(topic)) records[topic] = null;
  }
  return records;
}

const orderedInstant = (row: string): EpochMillis => orderedNumber(row) as EpochMillis;
