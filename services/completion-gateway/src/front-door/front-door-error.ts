import type { RefusalReason } from '@ratchet/domain';

/** The canonical codes of gRPC that a front door answers with. Each door has its own words for them. */
export type FrontDoorStatus =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'FAILED_PRECONDITION'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'RESOURCE_EXHAUSTED'
  | 'UNIMPLEMENTED'
  | 'UNAVAILABLE';

/** What a program needs to know beside the status. */
export type FrontDoorDetail =
  | { readonly type: 'namespace-not-found'; readonly namespace: string }
  | { readonly type: 'namespace-already-exists' }
  /** The run that has the id now, and the request that started it. */
  | { readonly type: 'activity-already-started'; readonly runId: string; readonly startRequestId: string };

export interface FrontDoorErrorOptions extends ErrorOptions {
  readonly detail?: FrontDoorDetail;
  /** Why the log refused it; absent when it was refused before anything was written. */
  readonly reason?: RefusalReason;
}

/** The one thing a front door throws at its caller. The message is for people and is the reference's where it has one. */
export class FrontDoorError extends Error {
  override readonly name = 'FrontDoorError';
  readonly status: FrontDoorStatus;
  readonly detail: FrontDoorDetail | undefined;
  readonly reason: RefusalReason | undefined;

  constructor(status: FrontDoorStatus, message: string, { detail, reason, ...options }: FrontDoorErrorOptions = {}) {
    super(message, options);
    this.status = status;
    this.detail = detail;
    this.reason = reason;
  }
}
