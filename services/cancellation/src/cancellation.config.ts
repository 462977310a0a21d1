import { serviceSettings, tokenKeys, tokenSecret, type ConfigOf } from '@ratchet/service-kit';

/** The cancellation service signs where a command was forwarded from. */
export const cancellationSettings = { ...serviceSettings(9403), tokenSecret, tokenKeys };

export type CancellationConfig = ConfigOf<typeof cancellationSettings>;
