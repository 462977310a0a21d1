import {
  developmentSecrets,
  inEvery,
  webhookSecretBytes,
  wholeNumber,
  type ConfigOf,
  type Setting,
  type Settings,
} from '@ratchet/service-kit';
import { z } from 'zod';
import { callbackHosts, type CallbackHost } from './callback-hosts.ts';

const DAY_MS = 86_400_000;

const callbackSecret: Setting<string> = {
  variable: 'RATCHET_CALLBACK_SECRET',
  expected:
    'what callbacks are signed with, as Standard Webhooks has it: whsec_ and at least 24 bytes in base64; without it ' +
    'no callback may be asked for',
  schema: z.string().regex(/^whsec_[A-Za-z0-9+/]{32,}={0,2}$/),
  defaults: { development: developmentSecrets.callback, production: '' },
  secret: true,
  secretsIn: (secret) => [webhookSecretBytes(secret)],
  isLive: true,
};

const callbackHostsSetting: Setting<readonly CallbackHost[]> = {
  variable: 'RATCHET_CALLBACK_HOSTS',
  expected:
    'where callbacks may go, several separated by commas: * (every public address), a name (hooks.example.com, ' +
    '*.internal) or an address, which may be a private one, each with http:// or https:// before it and a port behind ' +
    'it where nothing else is meant; the default is https://*, in development *',
  schema: callbackHosts,
  defaults: { development: [{ host: '*' }], production: [{ scheme: 'https:', host: '*' }] },
  isLive: true,
};

const callbackRetryMs: Setting<number> = {
  variable: 'RATCHET_CALLBACK_RETRY_MS',
  expected:
    'for how long after the end of an activity its callback is tried again, in milliseconds, from 0 to 518400000 (six ' +
    'days); the default is a day',
  schema: wholeNumber(0, 6 * DAY_MS),
  defaults: inEvery(DAY_MS),
};

const callbackBackoffMs: Setting<number> = {
  variable: 'RATCHET_CALLBACK_BACKOFF_MS',
  expected:
    'how long to wait after the first vain callback, in milliseconds, from 10 to 3600000; twice as long after each ' +
    'further one, an hour at most; the default is 5000',
  schema: wholeNumber(10, 3_600_000),
  defaults: inEvery(5_000),
};

/** Telling others of outcomes. */
export const callbackSettings = {
  callbackSecret,
  callbackHosts: callbackHostsSetting,
  callbackRetryMs,
  callbackBackoffMs,
} satisfies Settings;

export type CallbackSettings = ConfigOf<typeof callbackSettings>;
