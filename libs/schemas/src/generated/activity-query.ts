// Generated from schemas/ by tools/generate. Do not edit.

import type { ExecutionId } from './execution-id.ts';

import type { ReplyAddress } from './reply-address.ts';

/** A question that changes nothing. */
export interface ActivityQuery {
  /** What is asked. */
  readonly type: QueryType;
  /** The activity asked about. */
  readonly target: ExecutionId;
  /** Comes back with the answer. */
  readonly requestId: string;
  /** Where the answer goes. */
  readonly replyTo: ReplyAddress;
  /** The answer must have seen the command log up to and with this offset; -1 for any. */
  readonly seenOffset: number;
}
/** What is asked. */
export type QueryType = 'Describe' | 'AwaitOutcome';
