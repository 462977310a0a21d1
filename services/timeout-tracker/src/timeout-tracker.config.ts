import { serviceSettings, taskRetentionMs, type ConfigOf } from '@ratchet/service-kit';

/** An attempt that nobody claimed is dispatched again at half the retention of the task topics. */
export const timeoutTrackerSettings = { ...serviceSettings(9402), taskRetentionMs };

export type TimeoutTrackerConfig = ConfigOf<typeof timeoutTrackerSettings>;
