import type { Payload, Payloads } from './payload.ts';
import type { Millis } from './units.ts';

/** Which limit passed. Semantics section 2.2. */
export type TimeoutType = 'start-to-close' | 'schedule-to-start' | 'schedule-to-close' | 'heartbeat';

/** Why there was, or was not, another attempt. Semantics section 1.3. */
export type RetryState =
  | 'unspecified'
  | 'in-progress'
  | 'non-retryable-failure'
  | 'timeout'
  | 'maximum-attempts-reached'
  | 'retry-policy-not-set'
  | 'internal-server-error'
  | 'cancel-requested';

/** How severe an application failure is for whoever watches: a `benign` one is expected, and not worth an alarm. */
export type ApplicationErrorCategory = 'unspecified' | 'benign';

/** What kind of failure it was. `none` is a failure whose sender said no more than its message. */
export type FailureInfo =
  | { readonly type: 'none' }
  | {
      readonly type: 'application';
      /** The error's own type, matched exactly against `nonRetryableErrorTypes`. */
      readonly errorType: string;
      readonly nonRetryable: boolean;
      readonly details: Payloads;
      /** Replaces the retry policy's interval for the next attempt only. */
      readonly nextRetryDelayMs?: Millis;
      /** `unspecified` when it is absent. It changes no decision. */
      readonly category?: ApplicationErrorCategory;
    }
  | { readonly type: 'timeout'; readonly timeoutType: TimeoutType; readonly lastHeartbeatDetails: Payloads }
  | { readonly type: 'canceled'; readonly details: Payloads; readonly identity: string }
  | { readonly type: 'terminated'; readonly identity: string }
  | { readonly type: 'server'; readonly nonRetryable: boolean };

/** A failure as it travels: what the reference calls `temporal.api.failure.v1.Failure`. */
export interface Failure {
  readonly message: string;
  /** Which SDK made it; empty for the server's own. */
  readonly source: string;
  readonly stackTrace: string;
  /** Message and stack trace as an encrypting codec left them. */
  readonly encodedAttributes?: Payload;
  readonly info: FailureInfo;
  readonly cause?: Failure;
}
