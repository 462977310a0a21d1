import type { ExecutionId, ReplyAddress } from './identity.ts';
import type { Offset } from './units.ts';

/** A question that changes nothing. Asked again by its sender every few seconds until answered. */
export interface Query {
  readonly type: 'Describe' | 'AwaitOutcome';
  readonly target: ExecutionId;
  readonly requestId: string;
  readonly replyTo: ReplyAddress;
  /** The answer must have seen the command log up to and with this offset; -1 for any. */
  readonly seenOffset: Offset;
}
