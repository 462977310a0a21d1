import { inEvery, json, openUrl, pem, type ConfigOf, type Setting, type Settings } from '@ratchet/service-kit';
import { z } from 'zod';
import { apiKeysSchema, type ApiKey } from './api-keys.ts';
import type { JwtConfig } from './json-web-token.ts';

export type Allowance = 'true' | 'false' | 'development';

const none = '';

const optional = {
  defaults: inEvery(none),
  isLive: true,
} as const;

const apiKeys: Setting<readonly ApiKey[]> = {
  variable: 'RATCHET_API_KEYS',
  expected:
    'a JSON list of {"name", "hash": "sha256:<64 hex digits>", "namespaces": {"<namespace or *>": ' +
    '"reader" | "worker" | "writer" | "admin"}}, or the path of a file with it',
  ...json(apiKeysSchema),
  defaults: inEvery([]),
  secret: true,
  isLive: true,
};

const jwtIssuer: Setting<string> = {
  variable: 'RATCHET_JWT_ISSUER',
  expected: 'who issues the tokens, exactly as their claim iss has it; without it no tokens are taken',
  schema: z.string().min(1),
  ...optional,
};
const jwtAudience: Setting<string> = {
  variable: 'RATCHET_JWT_AUDIENCE',
  expected: 'for whom the tokens are issued, as their claim aud has it; needed with RATCHET_JWT_ISSUER',
  schema: z.string().min(1),
  ...optional,
};
const jwtJwksUrl: Setting<string> = {
  variable: 'RATCHET_JWT_JWKS_URL',
  expected: 'the http or https address of the JSON Web Key Set that verifies the tokens, without user and password',
  schema: openUrl,
  ...optional,
};
const jwtPublicKey: Setting<string> = {
  variable: 'RATCHET_JWT_PUBLIC_KEY',
  expected: 'the public key that verifies the tokens, as PEM (BEGIN PUBLIC KEY), or the path of a file with it',
  ...pem,
  ...optional,
};
const jwtPermissionsClaim: Setting<string> = {
  variable: 'RATCHET_JWT_PERMISSIONS_CLAIM',
  expected: 'the claim with a list of "<namespace>:<role>"; the default is permissions',
  schema: z.string().min(1),
  defaults: inEvery('permissions'),
  isLive: true,
};
const tlsCertificate: Setting<string> = {
  variable: 'RATCHET_TLS_CERTIFICATE',
  expected: 'the certificate chain of the gateway, as PEM, or the path of a file with it',
  ...pem,
  ...optional,
};
const tlsKey: Setting<string> = {
  variable: 'RATCHET_TLS_KEY',
  expected: 'the private key of RATCHET_TLS_CERTIFICATE, as PEM, or the path of a file with it',
  ...pem,
  ...optional,
  secret: true,
};
const tlsClientCa: Setting<string> = {
  variable: 'RATCHET_TLS_CLIENT_CA',
  expected: 'who signs the certificates that clients must have (mTLS), as PEM, or the path of a file with it',
  ...pem,
  ...optional,
};
/** What is dangerous: `development` allows it where RATCHET_ENVIRONMENT is development, and nowhere else. */
const allowance: Pick<Setting<Allowance>, 'schema' | 'defaults' | 'isLive'> = {
  schema: z.enum(['true', 'false', 'development']),
  defaults: inEvery('false'),
  isLive: true,
};

const allowUnauthenticated: Setting<Allowance> = {
  variable: 'RATCHET_ALLOW_UNAUTHENTICATED',
  expected:
    'true when everyone who reaches the gateway may do everything, development when that holds in development only; ' +
    'the default is false',
  ...allowance,
};
const allowPlaintext: Setting<Allowance> = {
  variable: 'RATCHET_ALLOW_PLAINTEXT',
  expected:
    'true when API keys, tokens and the keys that verify them may travel unencrypted between machines, since something ' +
    'else keeps them safe, development when that holds in development only; the default is false',
  ...allowance,
};

/** Who may come in by which door. */
export const authSettings = {
  apiKeys,
  jwtIssuer,
  jwtAudience,
  jwtJwksUrl,
  jwtPublicKey,
  jwtPermissionsClaim,
  tlsCertificate,
  tlsKey,
  tlsClientCa,
  allowUnauthenticated,
  allowPlaintext,
} satisfies Settings;

export type AuthSettings = ConfigOf<typeof authSettings>;

/** TLS as Node's servers, grpc-js and Fastify want it: PEM. */
export interface TlsConfig {
  readonly certificate: string;
  readonly key: string;
  /** Only clients with a certificate of this authority. */
  readonly clientCa?: string;
}

export interface AuthConfig {
  readonly apiKeys: readonly ApiKey[];
  readonly jwt?: JwtConfig;
  readonly tls?: TlsConfig;
}
