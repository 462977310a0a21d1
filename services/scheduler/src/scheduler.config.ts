import { serviceSettings, tokenKeys, tokenSecret, type ConfigOf } from '@ratchet/service-kit';

/** The scheduler signs task tokens. */
export const schedulerSettings = { ...serviceSettings(9401), tokenSecret, tokenKeys };

export type SchedulerConfig = ConfigOf<typeof schedulerSettings>;
