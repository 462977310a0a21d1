export { createTimeoutTrackerRunner } from './timeout-tracker.runner.ts';
export { TimeoutTrackerModule } from './timeout-tracker.module.ts';
