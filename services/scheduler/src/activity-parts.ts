import {
  isOpen,
  isClosed,
  heartbeatKey,
  inputKey,
  invariant,
  sameOptions,
  type Activity,
  type ActivityHeartbeat,
  type ActivityInput,
  type ClosedActivity,
  type StateRecord,
} from '@ratchet/domain';
import type { Codec } from '@ratchet/schemas';

/** What of an activity is a record of its own. */
export type Part = 'input' | 'heartbeat';

const parts: readonly Part[] = ['input', 'heartbeat'];

/** The record of each part, if there is one: one byte a character. A Buffer of its own takes two hundred bytes more. */
type KeptParts = Readonly<Partial<Record<Part, string>>>;

const keptParts = Symbol('parts');

/** A closed activity as it is kept in memory: what is only ever shown is with its records. */
interface KeptActivity extends ClosedActivity {
  readonly [keptParts]: KeptParts;
}

/** Types whose options are remembered, so that activities which have the same share them. */
const typesMax = 1_000;

/**
 * The parts of a partition's activities: which of them stand in the state topic, and those of closed ones. A closed
 * activity is asked for seldom and kept for long, so its parts are kept as the bytes of their records.
 */
export class ActivityParts {
  readonly #codec: Codec;
  /** Keys of the parts that have a record in the state topic, but for those that a closed activity keeps: they all do. */
  readonly #stored = new Set<string>();
  readonly #options = new Map<string, Pick<ClosedActivity, 'activityType' | 'options'>>();

  constructor(codec: Codec) {
    this.#codec = codec;
  }

  /**
   * What the state is to have in place of `after`.
   *
   * @param before what it has under that key, where that may be closed.
   */
  keep(key: string, before: Activity | undefined, after: Activity): Activity {
    this.forget(key, before);
    if (!isClosed(after)) return after;
    const kept = this.#kept(after);
    for (const part of parts) if (kept[keptParts][part] !== undefined) this.#stored.delete(partKey(key, part));
    return kept;
  }

  /** What a closed activity kept is no longer with it. */
  forget(key: string, before: Activity | undefined): void {
    if (before === undefined || !isKept(before)) return;
    for (const part of parts) if (before[keptParts][part] !== undefined) this.#stored.add(partKey(key, part));
  }

  /** The activity with all that there is to see of it. */
  whole(activity: Activity): Activity {
    if (!isKept(activity)) return activity;
    const { [keptParts]: kept, ...rest } = activity;
    const given = kept.input === undefined ? undefined : this.#decoded(kept.input, 'ActivityInput');
    const heartbeat = kept.heartbeat === undefined ? undefined : this.#decoded(kept.heartbeat, 'ActivityHeartbeat');
    return {
      ...rest,
      ...(given === undefined ? {} : givenIn(given)),
      ...(heartbeat === undefined ? {} : { heartbeat: heartbeatIn(heartbeat) }),
    };
  }

  /** The bytes of a part's record; nothing where it needs none. */
  encoded(activity: Activity | undefined, part: Part): Buffer | undefined {
    if (activity === undefined) return undefined;
    if (isKept(activity)) return bytesOf(activity[keptParts][part]);
    const record = part === 'input' ? inputOf(activity) : heartbeatOf(activity);
    return record && this.#codec.encodeState(record);
  }

  /**
   * A part is about to be written: `value`, or a tombstone.
   *
   * @returns whether anything must be: many parts come and go between two seals, and need no tombstone.
   */
  isWritten(key: string, value: Buffer | undefined, activity: Activity | undefined): boolean {
    if (value === undefined) return this.#stored.delete(key);
    if (activity === undefined || !isKept(activity)) this.#stored.add(key);
    return true;
  }

  /** The part stands in the state topic. */
  restored(key: string): void {
    this.#stored.add(key);
  }

  /** How many bytes the records of an activity have. */
  stateBytes(activity: Activity): number {
    const main = this.#codec.encodeState({ type: 'ActivitySnapshot', activity }).length;
    return parts.reduce((bytes, part) => bytes + (this.encoded(activity, part)?.length ?? 0), main);
  }

  #kept(activity: ClosedActivity): KeptActivity {
    const { userMetadata: _, links: __, ...rest } = activity;
    return {
      ...rest,
      ...this.#sharedOptions(activity),
      input: noInput,
      header: noHeader,
      ...(activity.heartbeat === undefined ? {} : { heartbeat: { ...activity.heartbeat, details: noInput } }),
      [keptParts]: this.#keptParts(activity),
    };
  }

  #keptParts(activity: ClosedActivity): KeptParts {
    const input = hasGiven(activity) ? this.#text(inputOf(activity)) : undefined;
    const heartbeat = this.#text(heartbeatOf(activity));
    return { ...(input === undefined ? {} : { input }), ...(heartbeat === undefined ? {} : { heartbeat }) };
  }

  #text(record: StateRecord | undefined): string | undefined {
    return record && this.#codec.encodeState(record).toString('latin1');
  }

  #sharedOptions({ activityType, options }: ClosedActivity): Pick<ClosedActivity, 'activityType' | 'options'> {
    const known = this.#options.get(activityType);
    if (known !== undefined && sameOptions(known.options, options)) return known;
    if (this.#options.size >= typesMax) this.#options.clear();
    const shared = { activityType, options };
    this.#options.set(activityType, shared);
    return shared;
  }

  #decoded<T extends StateRecord['type']>(text: string, type: T): Extract<StateRecord, { readonly type: T }> {
    const record = this.#codec.decodeState(Buffer.from(text, 'latin1'));
    invariant(!(record instanceof Promise) && record.type === type, `a record that we wrote is no ${type} to us`);
    return record as Extract<StateRecord, { readonly type: T }>;
  }
}

/** The key of a part's record, by that of its activity. */
export const partKey = (key: string, part: Part): string => (part === 'input' ? inputKey(key) : heartbeatKey(key));

const noInput: ActivityInput['input'] = [];
const noHeader: ActivityInput['header'] = {};

const isKept = (activity: Activity): activity is KeptActivity => keptParts in activity;

const bytesOf = (text: string | undefined): Buffer | undefined =>
  text === undefined ? undefined : Buffer.from(text, 'latin1');

const hasGiven = ({ input, header, userMetadata, links }: Activity): boolean =>
  input.length > 0 || Object.keys(header).length > 0 || userMetadata !== undefined || links !== undefined;

const inputOf = (activity: Activity): ActivityInput => ({
  type: 'ActivityInput',
  scheduleOffset: activity.scheduleOffset,
  ...givenIn(activity),
});

/** What an activity was given. */
export const givenIn = ({ input, header, userMetadata, links }: Activity | ActivityInput) => ({
  input,
  header,
  ...(userMetadata === undefined ? {} : { userMetadata }),
  ...(links === undefined ? {} : { links }),
});

const heartbeatOf = (activity: Activity): ActivityHeartbeat | undefined => {
  const { heartbeat, scheduleOffset, attempt } = activity;
  // The tally alone stands in the activity's own record.
  if (heartbeat === undefined || (isClosed(activity) && heartbeat.recordedAt === 0)) return undefined;
  const stamp = isOpen(activity) ? activity.stamp : 0;
  return { type: 'ActivityHeartbeat', ...heartbeat, scheduleOffset, attempt, stamp };
};

export const heartbeatIn = ({ details, recordedAt, count }: ActivityHeartbeat) => ({ details, recordedAt, count });
