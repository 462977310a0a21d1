// Generated from schemas/ by tools/generate. Do not edit.

import type { Payload } from './payload.ts';

/** What whoever starts an activity says of it to people. */
export interface UserMetadata {
  /** One line. */
  readonly summary?: Payload | null;
  /** As many as it takes. */
  readonly details?: Payload | null;
}
