// Generated from schemas/ by tools/generate. Do not edit.

/** What all services of a cluster must have alike, as the last one said it that was started with something else. */
export interface SharedSettings {
  /** `production` or `development`: how many replicas the topics have. */
  readonly environment: string;
  /** Partitions of each co-partitioned topic. */
  readonly partitions: number;
  /** Fingerprints of the keys that sign and verify task tokens, none of which is a key. Empty until a service has started that has keys. */
  readonly tokenKeys: readonly string[];
}
