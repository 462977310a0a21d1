// Generated from schemas/ by tools/generate. Do not edit.

import type { Payload } from './payload.ts';

import type { UserMetadata } from './user-metadata.ts';

/** What an activity was given; written when it is scheduled, and again when links are attached. */
export interface ActivityInput {
  /** The arguments. */
  readonly input: readonly Payload[];
  /** Opaque; handed to the worker. */
  readonly header: Readonly<Record<string, Payload>>;
  /** Offset of the activity's Schedule in the command log. */
  readonly scheduleOffset: number;
  /** What people are told of it. */
  readonly userMetadata?: UserMetadata | null;
  /** Where it comes from; each a temporal.api.common.v1.Link. */
  readonly links: readonly Uint8Array[];
}
