import type { ServiceLog } from './service-log.ts';

/** What `runService` hands to the module of a service, to be passed on to `ServiceKitModule`. */
export interface ServiceTools {
  readonly name: string;
  readonly log: ServiceLog;
  /** Says the error and ends the process with code 1. */
  readonly fail: (error: unknown) => void;
}
