export type { ActivityInfo } from './activity-info.ts';
export type { ActivityLog } from './activity-log.ts';
export { CompleteAsyncError } from './complete-async-error.ts';
export type { ActivityCancellationDetails } from './activity-cancellation-details.ts';
export type { CancelReason } from './cancel-reason.ts';
export { Context, type ShieldOptions } from './context.ts';
export { InvalidWorkerOptionsError, type WorkerOptions } from './worker-options.ts';
export { Worker, type WorkerState } from './worker.ts';
export {
  ApplicationFailure,
  CancelledFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
  PayloadConverterError,
  RatchetFailure,
  ServerFailure,
  TerminatedFailure,
  TimeoutFailure,
  type ApplicationFailureOptions,
  type DataConverter,
  type Duration,
  type FailureConverter,
  type PayloadCodec,
  type PayloadConverter,
} from '@ratchet/protocol';
export { OperationalError, type Log, type LogLevel } from '@ratchet/kafka';
export type { Payload, TimeoutType } from '@ratchet/domain';
