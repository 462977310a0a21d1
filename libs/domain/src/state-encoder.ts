import { isClosed, type Activity } from './activity.ts';
import { heartbeatOf, inputOf, slim } from './activity-records.ts';
import type { ChangedRecords, EntityRows } from './entity-rows.ts';
import { hasOutcomes } from './rules.ts';
import type { PartitionStateParts, StateEntities } from './state-entities.ts';
import type { StateRows } from './state-rows.ts';
import type { StateTopic } from './state-store.ts';
import type { Offset } from './units.ts';
import type { WaitingSignal } from './waiting-signals.ts';

/** What stands behind a key of state that has changed. `offset`: the life of which the topics may have a record; absent: of none. */
export type Changed =
  | { readonly part: 'activity' | 'input' | 'heartbeat'; readonly key: string; readonly offset: Offset | undefined }
  | { readonly part: 'run'; readonly key: string }
  | { readonly part: 'signal'; readonly row: string };

export interface StateEncoderParts {
  readonly encode: PartitionStateParts['encode'];
  readonly rows: StateRows;
  readonly entities: StateEntities;
  readonly entityRows: EntityRows;
  /** The rules version in force. */
  readonly rules: () => number;
}

/** Makes of what has changed the records of the state topics, and the rows that have the same bytes. */
export class StateEncoder {
  readonly #parts: StateEncoderParts;

  constructor(parts: StateEncoderParts) {
    this.#parts = parts;
  }

  encode(changed: Changed): ChangedRecords {
    switch (changed.part) {
      case 'activity':
        return this.#activity(changed.key, changed.offset);
      case 'input':
      case 'heartbeat':
        return this.#activityPart(changed.part, changed.key, changed.offset);
      case 'run':
        return this.#run(changed.key);
      case 'signal':
        return this.#signal(changed.row);
    }
  }

  #activity(key: string, formerOffset: Offset | undefined): ChangedRecords {
    const { encode, entities, entityRows } = this.#parts;
    const activity = entities.activity(key);
    if (activity === undefined) return entityRows.changedActivity(undefined, formerOffset);
    const topic = this.#topicOf(activity);
    const bytes = encode({ type: 'ActivitySnapshot', activity: this.#asWritten(activity, topic) });
    const records = entityRows.changedActivity({ topic, bytes }, formerOffset);
    if (activity.scheduleOffset === formerOffset)
      entityRows.putActivityBytes(activity, bytes, topic, records.executions !== undefined);
    else entityRows.addActivityBytes(activity, bytes, topic);
    return records;
  }

  /** Among the open ones it has parts of its own. */
  #asWritten(activity: Activity, topic: StateTopic): Activity {
    if (!isClosed(activity)) return activity;
    return topic === 'outcomes' ? this.#parts.entities.whole(activity) : slim(activity);
  }

  #activityPart(part: 'input' | 'heartbeat', key: string, formerOffset: Offset | undefined): ChangedRecords {
    const { entities, rows } = this.#parts;
    const table = part === 'input' ? 'inputs' : 'heartbeats';
    const activity = entities.activity(key);
    const hasParts = activity !== undefined && this.#topicOf(activity) === 'executions';
    const record = hasParts ? (part === 'input' ? inputOf(activity) : heartbeatOf(activity)) : undefined;
    if (hasParts && record !== undefined) {
      const bytes = this.#parts.encode(record);
      if (activity.scheduleOffset === formerOffset) rows.put(table, formerOffset, bytes);
      else rows.add(table, activity.scheduleOffset, bytes);
      return { executions: bytes };
    }
    if (formerOffset === undefined || rows.sealed(table, formerOffset) === undefined) return {};
    if (activity?.scheduleOffset === formerOffset) rows.put(table, formerOffset, undefined);
    return { executions: null };
  }

  #run(key: string): ChangedRecords {
    const { encode, entities, entityRows, rules } = this.#parts;
    const run = entities.run(key);
    if (run === undefined) return entityRows.changedRun(undefined, key);
    const topic = run.close !== undefined && hasOutcomes(rules()) ? 'outcomes' : 'executions';
    const bytes = encode({ type: 'RunSnapshot', run });
    const records = entityRows.changedRun({ topic, bytes }, key);
    entityRows.putRunBytes(run, bytes, topic);
    return records;
  }

  #signal(name: string): ChangedRecords {
    const { encode, rows } = this.#parts;
    const row = rows.get('signals', name);
    if (row instanceof Uint8Array) return { executions: row };
    if (row === undefined) return rows.sealed('signals', name) === undefined ? {} : { executions: null };
    const bytes = encode(row as WaitingSignal);
    rows.put('signals', name, bytes);
    return { executions: bytes };
  }

  #topicOf(activity: Activity): StateTopic {
    return isClosed(activity) && hasOutcomes(this.#parts.rules()) ? 'outcomes' : 'executions';
  }
}
