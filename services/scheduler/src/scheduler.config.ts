import { serviceSettings, taskQueueLimits, tokenKeys, tokenSecret, type ConfigOf } from '@ratchet/service-kit';

/** The scheduler signs task tokens, and makes the topics of task queues. */
export const schedulerSettings = { ...serviceSettings(9401), tokenSecret, tokenKeys, ...taskQueueLimits };

export type SchedulerConfig = ConfigOf<typeof schedulerSettings>;
