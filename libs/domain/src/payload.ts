/** One value as the field carries it: opaque bytes, and what a data converter needs to read them. */
export interface Payload {
  readonly metadata: Readonly<Record<string, Uint8Array>>;
  readonly data: Uint8Array;
}

/** The arguments of a call, the details of a heartbeat, a result: a list of values. Empty for none. */
export type Payloads = readonly Payload[];
