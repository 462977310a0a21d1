import { serviceSettings, type ConfigOf } from '@ratchet/service-kit';

export const cancellationSettings = serviceSettings(9403);

export type CancellationConfig = ConfigOf<typeof cancellationSettings>;
