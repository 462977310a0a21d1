import {
  inEvery,
  serviceSettings,
  tokenKeys,
  tokenSecret,
  wholeNumber,
  type ConfigOf,
  type Setting,
} from '@ratchet/service-kit';
import { z } from 'zod';
import { authSettings } from './auth/index.ts';
import { callbackSettings } from './callbacks/index.ts';
import { httpSettings } from './http/http.settings.ts';
import { limitSettings } from './limits/index.ts';
import { webhookSettings } from './webhooks/index.ts';

const grpcHost: Setting<string> = {
  variable: 'RATCHET_GRPC_HOST',
  expected: 'the address that gRPC listens on, such as 127.0.0.1 (the default) or 0.0.0.0 in a container',
  schema: z.string().regex(/^[\w.:-]+$/),
  defaults: inEvery('127.0.0.1'),
};

const grpcPort: Setting<number> = {
  variable: 'RATCHET_GRPC_PORT',
  expected: 'the port of gRPC, from 0 (any free one) to 65535; the default is 7233',
  schema: wholeNumber(0, 65_535),
  defaults: inEvery(7233),
};

/** The gateway verifies the task tokens that the scheduler signs. */
export const completionGatewaySettings = {
  ...serviceSettings(9404),
  tokenSecret,
  tokenKeys,
  grpcHost,
  grpcPort,
  ...httpSettings,
  ...limitSettings,
  ...authSettings,
  ...webhookSettings,
  ...callbackSettings,
};

export type CompletionGatewayConfig = ConfigOf<typeof completionGatewaySettings>;
