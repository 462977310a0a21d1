import { serviceSettings, tokenSecret, type ConfigOf } from '@ratchet/service-kit';

/** The gateway verifies the task tokens that the scheduler signs. */
export const completionGatewaySettings = { ...serviceSettings(9404), tokenSecret };

export type CompletionGatewayConfig = ConfigOf<typeof completionGatewaySettings>;
