export { ActivityClient, type ActivityClientOptions, type SignalOptions } from './activity-client.ts';
export type { ActivityDescription } from './activity-description.ts';
export { ActivityHandle, type CancelOptions } from './activity-handle.ts';
export type { ActivityArguments, ActivityFunction, ActivityName, ActivityResult } from './activity-types.ts';
export type { ActivityIds, ActivityReference } from './attempt-target.ts';
export * from './errors.ts';
export type {
  ActivityTimeouts,
  AnyStartOptions,
  CommonStartOptions,
  PriorityOptions,
  RetryOptions,
  StartActivityOptions,
} from './start-activity-options.ts';
export {
  ApplicationFailure,
  CancelledFailure,
  DefaultFailureConverter,
  defaultPayloadConverter,
  PayloadConverterError,
  RatchetFailure,
  ServerFailure,
  TaskTokenError,
  TerminatedFailure,
  TimeoutFailure,
  type ApplicationFailureOptions,
  type DataConverter,
  type Duration,
  type FailureConverter,
  type PayloadCodec,
  type PayloadConverter,
} from '@ratchet/protocol';
export { OperationalError } from '@ratchet/kafka';
export type { IdConflictPolicy, IdReusePolicy, Payload, RetryState, TimeoutType } from '@ratchet/domain';
