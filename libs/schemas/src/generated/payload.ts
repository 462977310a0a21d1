// Generated from schemas/ by tools/generate. Do not edit.

/** One value as the field carries it: opaque bytes, and what a data converter needs to read them. */
export interface Payload {
  /** What a data converter needs, for example `encoding`. */
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  /** The value. */
  readonly data: Uint8Array;
}
