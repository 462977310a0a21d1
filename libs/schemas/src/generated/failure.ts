// Generated from schemas/ by tools/generate. Do not edit.
import type { Millis } from '@ratchet/domain';

import type { ApplicationErrorCategory } from './application-error-category.ts';

import type { Payload } from './payload.ts';

import type { TimeoutType } from './timeout-type.ts';

/** A failure as it travels. At most one of application, timeout, canceled, terminated and server is set; none: its sender said no more than its message. */
export interface Failure {
  /** For people. */
  readonly message: string;
  /** Which SDK made it; empty for the server's own. */
  readonly source: string;
  /** Where it was thrown; may be empty. */
  readonly stackTrace: string;
  /** Message and stack trace as an encrypting codec left them. */
  readonly encodedAttributes?: Payload | null;
  /** The activity's own code failed. */
  readonly application?: ApplicationFailure | null;
  /** A limit passed. */
  readonly timeout?: TimeoutFailure | null;
  /** The activity was cancelled. */
  readonly canceled?: CanceledFailure | null;
  /** The activity was terminated. */
  readonly terminated?: TerminatedFailure | null;
  /** Ratchet itself failed. */
  readonly server?: ServerFailure | null;
  /** What led to it. */
  readonly cause?: Failure | null;
}
/** The activity's own code failed. */
export interface ApplicationFailure {
  /** The error's own type, matched exactly against nonRetryableErrorTypes. */
  readonly errorType: string;
  /** No further attempt, whatever the policy says. */
  readonly nonRetryable: boolean;
  /** What the code gave along. */
  readonly details: readonly Payload[];
  /** Milliseconds; replaces the policy's interval for the next attempt only. */
  readonly nextRetryDelayMs?: Millis | null;
  /** How severe it is; changes no decision. */
  readonly category?: ApplicationErrorCategory | null;
}
/** A limit passed. */
export interface TimeoutFailure {
  /** Which limit. */
  readonly timeoutType: TimeoutType;
  /** Details of the last recorded heartbeat. */
  readonly lastHeartbeatDetails: readonly Payload[];
}
/** The activity accepted a cancellation. */
export interface CanceledFailure {
  /** What the activity gave along. */
  readonly details: readonly Payload[];
  /** Who asked for it. */
  readonly identity: string;
}
/** Someone ended the activity from outside. */
export interface TerminatedFailure {
  /** Who ended it. */
  readonly identity: string;
}
/** Ratchet itself failed. */
export interface ServerFailure {
  /** No further attempt. */
  readonly nonRetryable: boolean;
}
