import { hostPattern, inEvery, wholeNumber, type ConfigOf, type Setting, type Settings } from '@ratchet/service-kit';
import { z } from 'zod';

const httpHost: Setting<string> = {
  variable: 'RATCHET_HTTP_HOST',
  expected:
    'the address that the HTTP API listens on, such as 127.0.0.1 (the default) or 0.0.0.0; other machines only ' +
    'with authentication',
  schema: z.string().regex(/^[\w.:-]+$/),
  defaults: inEvery('127.0.0.1'),
};

const httpPort: Setting<number> = {
  variable: 'RATCHET_HTTP_PORT',
  expected: 'the port of the HTTP API, from 0 (any free one) to 65535; the default is 7243',
  schema: wholeNumber(0, 65_535),
  defaults: inEvery(7243),
};

const httpAllowedHosts: Setting<readonly string[]> = {
  variable: 'RATCHET_HTTP_ALLOWED_HOSTS',
  expected:
    'the names by which the HTTP API is called where nobody is asked for a key or a token, beside localhost and IP ' +
    'addresses: such as ratchet.example.com or *.internal, several separated by commas; the default is none',
  schema: z
    .string()
    .transform((value) => value.split(',').map((name) => name.trim().toLowerCase()))
    .refine((names) => names.every((name) => hostPattern.test(name))),
  defaults: inEvery([]),
};

/** Where the HTTP API listens, and by which names it is called. */
export const httpSettings = { httpHost, httpPort, httpAllowedHosts } satisfies Settings;

export type HttpSettings = ConfigOf<typeof httpSettings>;
