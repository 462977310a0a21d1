import type { DomainEvent } from './event.ts';
import type { Refusal, StateLimit } from './refusal.ts';
import type { EpochMillis, Offset } from './units.ts';

/** What the sender of an accepted command is told. */
export type Answer =
  | { readonly type: 'Scheduled'; readonly runId: string; readonly started: boolean }
  /** The attempt is yours from `startedAt`. */
  | { readonly type: 'Granted'; readonly startedAt: EpochMillis }
  /** At most one flag is set (semantics 2.5). */
  | {
      readonly type: 'HeartbeatRecorded';
      readonly cancelRequested: boolean;
      readonly paused: boolean;
      readonly reset: boolean;
    }
  | { readonly type: 'Acknowledged' }
  | { readonly type: 'RunOpened'; readonly runId: string; readonly started: boolean };

export interface Accepted {
  readonly kind: 'accepted';
  readonly events: readonly DomainEvent[];
  readonly answer: Answer;
}

export interface Refused {
  readonly kind: 'refused';
  readonly refusal: Refusal;
}

export type Decision = Accepted | Refused;

/** What the log says about the command itself. */
export interface DecisionContext {
  /** The log's clock: never behind an earlier command of the partition. */
  readonly now: EpochMillis;
  /** Where the command stands. */
  readonly offset: Offset;
  /** The rules version in force. */
  readonly rules: number;
}

export const accept = (answer: Answer, ...events: readonly DomainEvent[]): Accepted => ({
  kind: 'accepted',
  events,
  answer,
});

/** The answer to whoever only needs to know that it happened. */
export const acknowledged: Answer = { type: 'Acknowledged' };

export const refuse = (reason: Refusal['reason'], message: string): Refused => ({
  kind: 'refused',
  refusal: { reason, message },
});

/** There is no room for what the command adds. */
export const refuseAtLimit = (limit: StateLimit, message: string): Refused => ({
  kind: 'refused',
  refusal: { reason: 'failed-precondition', message, limit },
});
