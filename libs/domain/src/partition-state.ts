import { isClosed, isUnclaimed, type Activity, type ClosedActivity, type ScheduledActivity } from './activity.ts';
import type { DomainEvent } from './event.ts';
import { ExpiryQueue } from './expiry-queue.ts';
import { executionKey, partitionKey, runKey, type ExecutionId, type RunId } from './identity.ts';
import { LifeIndex } from './life-index.ts';
import { retentionWithRunMs } from './limits.ts';
import type { PartitionView } from './partition-view.ts';
import { SignalQueue } from './signal-queue.ts';
import type { EpochMillis, Offset } from './units.ts';
import { invariant } from './units.ts';
import type { Signal, WorkflowRun } from './workflow-run.ts';

/**
 * Everything that one partition of the command log says, and the indexes `decide` reads it by.
 *
 * It changes through `apply` while commands are decided, and through `restore...` when a snapshot is loaded: in any
 * order, a later record of the same key replacing the earlier. The indexes follow. What is stored is immutable.
 */
export class PartitionState implements PartitionView {
  readonly #activities = new Map<string, Activity>();
  readonly #runs = new Map<string, WorkflowRun>();
  readonly #signals = new Map<string, SignalQueue>();
  /** Run key to the open activities in it: activity id to where it was scheduled. */
  readonly #openActivities = new Map<string, Map<string, Offset>>();
  /** As `#openActivities`, of what is kept as long as the run. */
  readonly #keptActivities = new Map<string, Map<string, Offset>>();
  readonly #standaloneLives = new LifeIndex();
  readonly #workflowLives = new LifeIndex();
  readonly #expiring = new ExpiryQueue<ClosedActivity | WorkflowRun>();
  #rules = 1;

  /** The rules version in force. */
  get rules(): number {
    return this.#rules;
  }

  get activityCount(): number {
    return this.#activities.size;
  }

  get runCount(): number {
    return this.#runs.size;
  }

  activity(id: ExecutionId): Activity | undefined {
    const activity = this.#activities.get(executionKey(id));
    return activity !== undefined && isDeleted(activity) ? undefined : activity;
  }

  deletedActivity(id: ExecutionId): ClosedActivity | undefined {
    const activity = this.#activities.get(executionKey(id));
    return activity !== undefined && isDeleted(activity) ? activity : undefined;
  }

  /** By `executionKey`: what is recorded, a deleted activity too. */
  activityByKey(key: string): Activity | undefined {
    return this.#activities.get(key);
  }

  run(id: RunId): WorkflowRun | undefined {
    return this.#runs.get(runKey(id));
  }

  /** By `runKey`. */
  runByKey(key: string): WorkflowRun | undefined {
    return this.#runs.get(key);
  }

  latestRunId(namespace: string, activityId: string): string | undefined {
    return this.#standaloneLives.latestRunId(partitionKey({ namespace, workflowId: '', activityId }));
  }

  runIds(namespace: string, activityId: string): Iterable<string> {
    return this.#standaloneLives.runIds(partitionKey({ namespace, workflowId: '', activityId }));
  }

  latestWorkflowRunId(namespace: string, workflowId: string): string | undefined {
    return this.#workflowLives.latestRunId(partitionKey({ namespace, workflowId, activityId: '' }));
  }

  openActivityIds(run: RunId): readonly string[] {
    return idsInOrder(this.#openActivities.get(runKey(run)));
  }

  keptActivityIds(run: RunId): readonly string[] {
    return idsInOrder(this.#keptActivities.get(runKey(run)));
  }

  keptActivityCount(run: RunId): number {
    return this.#keptActivities.get(runKey(run))?.size ?? 0;
  }

  signals(run: RunId): readonly Signal[] {
    return this.#signals.get(runKey(run))?.signals ?? [];
  }

  /** The one that waits from this offset. */
  signal(run: RunId, offset: Offset): Signal | undefined {
    return this.#signals.get(runKey(run))?.at(offset);
  }

  signalBytes(run: RunId): number {
    return this.#signals.get(runKey(run))?.bytes ?? 0;
  }

  expired(
    before: EpochMillis,
    countMax: number,
  ): { readonly activities: readonly ExecutionId[]; readonly runs: readonly RunId[] } {
    const activities: ExecutionId[] = [];
    const runs: RunId[] = [];
    for (const { value } of this.#expiring.due(before, countMax, (entity) => this.#isCurrent(entity))) {
      if ('outcome' in value) activities.push(value.id);
      else runs.push(value.id);
    }
    return { activities, runs };
  }

  /** Applies one event. Total and free of rules: whether it may happen was settled in `decide`. */
  apply(event: DomainEvent): void {
    switch (event.type) {
      case 'ActivityChanged':
        this.restoreActivity(event.activity);
        break;
      case 'RunChanged':
        this.restoreRun(event.run);
        break;
      case 'SignalReceived':
        this.restoreSignal(event.run, event.signal);
        break;
      case 'SignalsAcknowledged':
        this.#removeSignals(event.run, event.offsets);
        break;
      case 'ActivityExpired':
        this.#removeActivity(event.id);
        break;
      case 'RunExpired':
        this.#removeRun(event.run);
        break;
      case 'RulesChanged':
        this.restoreRules(event.version);
        break;
      case 'TaskDispatched':
      case 'ActivityClosed':
      case 'AttemptInterrupted':
      case 'AttemptInformed':
      case 'RunCancelRequested':
      case 'RunClosed':
        break;
    }
  }

  /** Activities whose task was sent, or was to be, and that nobody has claimed; in no particular order. */
  *unclaimed(): Generator<ScheduledActivity> {
    for (const activity of this.#activities.values()) if (isUnclaimed(activity)) yield activity;
  }

  restoreRules(version: number): void {
    this.#rules = version;
  }

  restoreActivity(activity: Activity): void {
    const { id } = activity;
    const key = executionKey(id);
    const former = this.#activities.get(key);
    this.#activities.set(key, activity);
    if (id.workflowId !== '') {
      put(this.#openActivities, activity, !isClosed(activity));
      put(this.#keptActivities, activity, isKeptWithRun(activity));
    } else if (former?.scheduleOffset !== activity.scheduleOffset) {
      // A run that was deleted may be scheduled by its own id again, after others.
      this.#standaloneLives.put(partitionKey(id), id.runId, activity.scheduleOffset);
    }
    // What goes with its run would wait here for a hundred years.
    if (isClosed(activity) && !isKeptWithRun(activity)) {
      this.#expiring.push({ expiresAt: activity.expiresAt, version: activity.version, key, value: activity });
    }
  }

  restoreRun(run: WorkflowRun): void {
    const { id, version, close } = run;
    const key = runKey(id);
    this.#runs.set(key, run);
    // Of a workflow id one run is open at a time and a closed one never changes, so versions stand in the order of the runs.
    this.#workflowLives.put(partitionKey({ ...id, activityId: '' }), id.runId, version);
    if (close !== undefined) this.#expiring.push({ expiresAt: close.expiresAt, version, key, value: run });
  }

  restoreSignal(run: RunId, signal: Signal): void {
    const key = runKey(run);
    let queue = this.#signals.get(key);
    if (queue === undefined) this.#signals.set(key, (queue = new SignalQueue()));
    queue.put(signal);
  }

  /** All activities in the order of their keys: the same for equal states, however they came about. */
  *activities(): Generator<readonly [key: string, activity: Activity]> {
    yield* inKeyOrder(this.#activities);
  }

  /** All runs in the order of their keys, each with its waiting signals. */
  *runs(): Generator<readonly [key: string, run: WorkflowRun, signals: readonly Signal[]]> {
    for (const [key, run] of inKeyOrder(this.#runs)) yield [key, run, this.#signals.get(key)?.signals ?? []];
  }

  #isCurrent(entity: ClosedActivity | WorkflowRun): boolean {
    return 'outcome' in entity
      ? this.activityByKey(executionKey(entity.id)) === entity
      : this.run(entity.id) === entity;
  }

  #removeActivity(id: ExecutionId): void {
    const key = executionKey(id);
    const activity = this.#activities.get(key);
    invariant(activity !== undefined && isClosed(activity), `removal of ${key}, which is not closed`);
    this.#activities.delete(key);
    if (id.workflowId === '') this.#standaloneLives.remove(partitionKey(id), id.runId);
    else put(this.#keptActivities, activity, false);
  }

  #removeRun(run: RunId): void {
    const key = runKey(run);
    this.#runs.delete(key);
    this.#signals.delete(key);
    this.#workflowLives.remove(partitionKey({ ...run, activityId: '' }), run.runId);
  }

  #removeSignals(run: RunId, offsets: readonly Offset[]): void {
    const key = runKey(run);
    const queue = this.#signals.get(key);
    queue?.remove(offsets);
    if (queue?.signals.length === 0) this.#signals.delete(key);
  }
}

const isDeleted = (activity: Activity): activity is ClosedActivity => isClosed(activity) && activity.deleted === true;

const isKeptWithRun = ({ id, retentionMs }: Activity): boolean =>
  id.workflowId !== '' && retentionMs >= retentionWithRunMs;

/** Puts an activity among those of its run in an index, or takes it out. */
function put(index: Map<string, Map<string, Offset>>, activity: Activity, belongs: boolean): void {
  const key = runKey(activity.id);
  const { activityId } = activity.id;
  const ofRun = index.get(key);
  if (!belongs) {
    ofRun?.delete(activityId);
    if (ofRun?.size === 0) index.delete(key);
  } else if (ofRun === undefined) {
    index.set(key, new Map([[activityId, activity.scheduleOffset]]));
  } else {
    ofRun.set(activityId, activity.scheduleOffset);
  }
}

/** A restore brings them in any order, and pages made of them must come out the same after it. */
function idsInOrder(offsets: ReadonlyMap<string, Offset> | undefined): readonly string[] {
  const inOrder = [...(offsets ?? [])].sort(([, one], [, other]) => one - other);
  return inOrder.map(([activityId]) => activityId);
}

function* inKeyOrder<T>(entities: ReadonlyMap<string, T>): Generator<readonly [string, T]> {
  const keys = [...entities.keys()].sort(byCodeUnit);
  for (const key of keys) {
    const entity = entities.get(key);
    if (entity !== undefined) yield [key, entity];
  }
}

const byCodeUnit = (one: string, other: string): number => (one < other ? -1 : one > other ? 1 : 0);
