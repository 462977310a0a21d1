import { setImmediate as turnOfEventLoop } from 'node:timers/promises';
import {
  executionKey,
  invariant,
  isOpen,
  runKey,
  signalKey,
  type Activity,
  type ActivityHeartbeat,
  type ActivityInput,
  type ExecutionId,
  type Offset,
  type PartitionState,
  type RunId,
  type StateRecord,
  unreachable,
} from '@ratchet/domain';
import { givenIn, heartbeatIn, partKey, type ActivityParts, type Part } from './activity-parts.ts';

/** One record of the state topic: which entity it belongs to, and which part of it. */
export type StateKey = PartKey | WholeKey;

/** A part of an activity. */
export interface PartKey {
  readonly part: Part;
  readonly id: ExecutionId;
}

export const isPart = (key: StateKey): key is PartKey => key.part === 'input' || key.part === 'heartbeat';

export type WholeKey =
  | { readonly part: 'activity'; readonly id: ExecutionId }
  | { readonly part: 'run'; readonly run: RunId }
  | { readonly part: 'signal'; readonly run: RunId; readonly offset: Offset };

export const progressKey = '__progress';

/** The key of the state topic. Execution keys have three slashes and run keys two, so the two never meet. */
export function stateKeyName(key: StateKey): string {
  switch (key.part) {
    case 'activity':
      return executionKey(key.id);
    case 'input':
    case 'heartbeat':
      return partKey(executionKey(key.id), key.part);
    case 'run':
      return runKey(key.run);
    case 'signal':
      return signalKey(runKey(key.run), key.offset);
    default:
      return unreachable(key);
  }
}

/** What stands under the key of anything but a part of an activity as of now; `undefined` is a tombstone. */
export function stateRecordOf(state: PartitionState, key: WholeKey): StateRecord | undefined {
  switch (key.part) {
    case 'activity': {
      const activity = state.activityByKey(executionKey(key.id));
      return activity && { type: 'ActivitySnapshot', activity };
    }
    case 'run': {
      const run = state.run(key.run);
      return run && { type: 'RunSnapshot', run };
    }
    case 'signal': {
      const signal = state.signal(key.run, key.offset);
      return signal && { type: 'SignalSnapshot', run: key.run, signal };
    }
    default:
      return unreachable(key);
  }
}

/** Every record that the state topic would hold if it were compacted now, in an order that equal states share. */
export function* stateKeysOf(state: PartitionState): Generator<StateKey> {
  for (const [, { id }] of state.activities()) {
    for (const part of ['activity', 'input', 'heartbeat'] as const) yield { part, id };
  }
  for (const [, { id: run }, signals] of state.runs()) {
    yield { part: 'run', run };
    for (const { offset } of signals) yield { part: 'signal', run, offset };
  }
}

/** Entities after which the event loop gets its turn while a state is put together: heartbeats must go on. */
const sliceEntities = 1_000;

/**
 * Puts the records of the state topic together again.
 *
 * The parts of an activity arrive in any order (compaction keeps each key's latest), and a part may belong to a former
 * life of its id; so nothing is built before all are there. Once it has built the state it is done with, and must not be
 * kept: it would keep every input and heartbeat that there was.
 */
export class StateAssembly {
  readonly #activities = new Map<string, Activity>();
  readonly #inputs = new Map<string, ActivityInput>();
  readonly #heartbeats = new Map<string, ActivityHeartbeat>();
  readonly #others = new Map<string, Extract<StateRecord, { readonly type: 'RunSnapshot' | 'SignalSnapshot' }>>();

  /** @param record `undefined` for a tombstone. */
  add(key: string, record: StateRecord | undefined): void {
    if (record === undefined) return this.#remove(key);
    switch (record.type) {
      case 'ActivitySnapshot':
        return void this.#activities.set(key, record.activity);
      case 'ActivityInput':
        return void this.#inputs.set(key, record);
      case 'ActivityHeartbeat':
        return void this.#heartbeats.set(key, record);
      case 'RunSnapshot':
      case 'SignalSnapshot':
        return void this.#others.set(key, record);
      case 'Progress':
        throw new Error(`Expected to find no progress under key '${key}', but there is one`);
      default:
        return unreachable(record);
    }
  }

  /** @returns the keys of the signals that are in the topic, for who must know what a tombstone is needed for. */
  async restoreInto(state: PartitionState, parts: ActivityParts): Promise<Set<string>> {
    const storedSignals = new Set<string>();
    for (const records of [this.#inputs, this.#heartbeats]) {
      await inSlices(records.keys(), (key) => {
        parts.restored(key);
      });
    }
    await inSlices(this.#activities, ([key, activity]) => {
      state.restoreActivity(parts.keep(key, undefined, this.#whole(key, activity)));
    });
    await inSlices(this.#others, ([key, record]) => {
      if (record.type === 'RunSnapshot') return state.restoreRun(record.run);
      state.restoreSignal(record.run, record.signal);
      storedSignals.add(key);
    });
    return storedSignals;
  }

  #whole(key: string, activity: Activity): Activity {
    const { scheduleOffset } = activity;
    const input = this.#inputs.get(partKey(key, 'input'));
    const isOwn = input?.scheduleOffset === scheduleOffset;
    invariant(isOwn || !isOpen(activity), `the open activity ${key} has no input of its own in the state topic`);
    const heartbeat = this.#heartbeats.get(partKey(key, 'heartbeat'));
    return {
      ...activity,
      ...(isOwn ? givenIn(input) : {}),
      ...(heartbeat?.scheduleOffset === scheduleOffset ? { heartbeat: heartbeatIn(heartbeat) } : {}),
    };
  }

  #remove(key: string): void {
    for (const map of [this.#activities, this.#inputs, this.#heartbeats, this.#others]) map.delete(key);
  }
}

async function inSlices<T>(all: Iterable<T>, each: (one: T) => void): Promise<void> {
  let count = 0;
  for (const one of all) {
    each(one);
    count++;
    if (count % sliceEntities === 0) await turnOfEventLoop();
  }
}
