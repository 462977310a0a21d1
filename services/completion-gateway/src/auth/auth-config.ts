import { X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { OperationalError } from '@ratchet/kafka';
import { isLoopback } from '@ratchet/service-kit';
import type { AuthConfig, AuthSettings, TlsConfig } from './auth.settings.ts';
import type { JwtConfig } from './json-web-token.ts';

/** Where a door listens, and the variable that says so. */
export interface Listening {
  readonly host: string;
  readonly variable: string;
}

/**
 * What the settings mean together.
 *
 * @throws OperationalError RKT1301 that names the variable: when settings that belong together are not, and when a door
 * is open to other machines and nobody is asked who they are, unless the operator said that this is meant.
 */
export function authConfig(settings: AuthSettings, doors: readonly Listening[]): AuthConfig {
  const { apiKeys } = settings;
  const jwt = jwtConfig(settings);
  const tls = tlsConfig(settings);
  const asksWhoCalls = apiKeys.length > 0 || jwt !== undefined || tls?.clientCa !== undefined;
  const open = asksWhoCalls || settings.allowUnauthenticated ? undefined : doors.find(({ host }) => !isLoopback(host));
  if (open !== undefined) throw openToEveryone(open);
  return { apiKeys, ...(jwt === undefined ? {} : { jwt }), ...(tls === undefined ? {} : { tls }) };
}

/** What an operator should know of who may come in although nothing is wrong; nothing where everyone is asked. */
export function openDoorsWarning({ apiKeys, jwt, tls }: AuthConfig, addresses: readonly string[]): string | undefined {
  if (apiKeys.length > 0 || jwt !== undefined) return undefined;
  const who = tls?.clientCa === undefined ? 'whoever reaches' : 'whoever has a certificate of RATCHET_TLS_CLIENT_CA at';
  return (
    `nobody is asked who they are: ${who} ${addresses.join(' or ')} may do everything ` +
    '(RATCHET_API_KEYS or RATCHET_JWT_ISSUER would ask)'
  );
}

function jwtConfig(settings: AuthSettings): JwtConfig | undefined {
  const { jwtIssuer: issuer, jwtAudience: audience, jwtJwksUrl: jwksUrl, jwtPublicKey: publicKey } = settings;
  if (issuer === '') {
    if (audience !== '' || jwksUrl !== '' || publicKey !== '') throw missing('RATCHET_JWT_ISSUER', 'RATCHET_JWT_*');
    return undefined;
  }
  if (audience === '') throw missing('RATCHET_JWT_AUDIENCE', 'RATCHET_JWT_ISSUER');
  if (jwksUrl === '' && publicKey === '')
    throw missing('RATCHET_JWT_JWKS_URL or RATCHET_JWT_PUBLIC_KEY', 'RATCHET_JWT_ISSUER');
  const keys = jwksUrl === '' ? { publicKey } : { jwksUrl };
  return { issuer, audience, keys, permissionsClaim: settings.jwtPermissionsClaim };
}

function tlsConfig({ tlsCertificate, tlsKey, tlsClientCa }: AuthSettings): TlsConfig | undefined {
  if (tlsCertificate === '' && tlsKey === '') {
    if (tlsClientCa !== '') throw missing('RATCHET_TLS_CERTIFICATE and RATCHET_TLS_KEY', 'RATCHET_TLS_CLIENT_CA');
    return undefined;
  }
  if (tlsKey === '') throw missing('RATCHET_TLS_KEY', 'RATCHET_TLS_CERTIFICATE');
  if (tlsCertificate === '') throw missing('RATCHET_TLS_CERTIFICATE', 'RATCHET_TLS_KEY');
  const tls = { certificate: tlsCertificate, key: tlsKey, ...(tlsClientCa === '' ? {} : { clientCa: tlsClientCa }) };
  try {
    createSecureContext(secureContext(tls));
    // What has no certificate in it is passed over in silence: nobody would get in.
    if (tls.clientCa !== undefined) new X509Certificate(tls.clientCa);
  } catch (error) {
    throw unusable(error);
  }
  return tls;
}

/** As Node's servers have it. */
export const secureContext = ({ certificate, key, clientCa }: TlsConfig): SecureContextOptions => ({
  cert: certificate,
  key,
  ...(clientCa === undefined ? {} : { ca: clientCa }),
});

const unusable = (error: unknown): OperationalError =>
  new OperationalError(
    'Expected RATCHET_TLS_CERTIFICATE, RATCHET_TLS_KEY and RATCHET_TLS_CLIENT_CA to be usable together, but ' +
      (error instanceof Error ? error.message : String(error)),
    'RKT1301',
    false,
  );

const missing = (variable: string, because: string): OperationalError =>
  new OperationalError(`Expected to find ${variable} with ${because}, but it is not set`, 'RKT1301', false);

const openToEveryone = ({ host, variable }: Listening): OperationalError =>
  new OperationalError(
    `Expected to ask who calls before listening on ${host} (${variable}), but nothing says how: set RATCHET_API_KEYS, ` +
      'RATCHET_JWT_ISSUER or RATCHET_TLS_CLIENT_CA, or RATCHET_ALLOW_UNAUTHENTICATED=true if everyone may do everything',
    'RKT1301',
    false,
  );
