/** A topic as it is to be made. */
export interface TopicSpec {
  readonly name: string;
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Kafka's own names and values: `cleanup.policy`, `message.timestamp.type`, ... */
  readonly config: Readonly<Record<string, string>>;
  /**
   * Of `config`, and `partitions`, what correctness needs; everything when absent. Of sizes and times it needs as much at
   * least (`atLeastSettings`).
   */
  readonly needs?: readonly string[];
}

/** A topic as it is there. */
export interface FoundTopic {
  readonly partitions: number;
  readonly replicationFactor: number;
  /** Of the settings that its spec names. */
  readonly config: ReadonlyMap<string, string>;
}

/** Wherein a topic is not what its spec says. */
export interface Difference {
  /** Kafka's name of it, or `partitions`, or `replicas`. */
  readonly setting: string;
  readonly expected: string;
  readonly found: string;
  /** More than is expected would be as good. */
  readonly atLeast: boolean;
  readonly isNeeded: boolean;
  /** How many have a record: for who makes a topic to say. */
  readonly isOfReplicas: boolean;
}

/** Of these more is as good, where no more is needed than that nothing is lost; -1 is without limit. */
const atLeastSettings = new Set(['max.message.bytes', 'retention.ms']);

const replicaSettings = new Set(['replicas', 'min.insync.replicas']);

/** Wherein what is there is not what the spec says: what is needed, and what is wished for. */
export function differencesOf(spec: TopicSpec, found: FoundTopic): readonly Difference[] {
  const expected: readonly (readonly [setting: string, expected: string, found: string])[] = [
    ['partitions', String(spec.partitions), String(found.partitions)],
    ['replicas', String(spec.replicationFactor), String(found.replicationFactor)],
    ...Object.entries(spec.config).map(
      ([setting, value]) => [setting, value, found.config.get(setting) ?? ''] as const,
    ),
  ];
  return expected
    .filter(([, one, other]) => normalised(one) !== normalised(other))
    .map(([setting, wanted, value]) => {
      const isOfReplicas = replicaSettings.has(setting);
      const isNamed = spec.needs?.includes(setting) ?? !isOfReplicas;
      const atLeast = spec.needs !== undefined && atLeastSettings.has(setting);
      const isNeeded = isNamed && !(atLeast && isEnough(value, wanted));
      return { setting, expected: wanted, found: value, atLeast, isNeeded, isOfReplicas };
    });
}

const isEnough = (found: string, wanted: string): boolean =>
  found === '-1' || (found !== '' && Number(found) >= Number(wanted));

/** `compact,delete` and `delete, compact` are the same policy. */
const normalised = (value: string): string =>
  value
    .split(',')
    .map((part) => part.trim())
    .sort()
    .join(',');
