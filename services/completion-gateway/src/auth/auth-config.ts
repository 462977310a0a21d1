import { createPublicKey, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContextOptions } from 'node:tls';
import { OperationalError } from '@ratchet/kafka';
import { isLoopback, type Environment } from '@ratchet/service-kit';
import type { Allowance, AuthConfig, AuthSettings, TlsConfig } from './auth.settings.ts';
import type { JwtConfig } from './json-web-token.ts';

type GatewayAuth = AuthSettings & { readonly environment: Environment };

/** Where a door listens, and the variable that says so. */
export interface ListeningAddress {
  readonly host: string;
  readonly variable: string;
}

/**
 * What the settings mean together.
 *
 * @throws OperationalError RKT1301 that names the variable: when settings that belong together are not, and, unless the
 * operator said that this is meant, when a door is open to other machines and nobody is asked who they are, or what they
 * are asked for, or the keys that verify it, come unencrypted from another machine.
 */
export function authConfig(settings: GatewayAuth, doors: readonly ListeningAddress[]): AuthConfig {
  const { apiKeys } = settings;
  const jwt = jwtConfig(settings);
  const tls = tlsConfig(settings);
  const config = { apiKeys, ...(jwt === undefined ? {} : { jwt }), ...(tls === undefined ? {} : { tls }) };
  const far = doors.find(({ host }) => !isLoopback(host));
  if (far !== undefined) checkOpenDoor(far, config, settings);
  return config;
}

function checkOpenDoor(far: ListeningAddress, { apiKeys, jwt, tls }: AuthConfig, settings: GatewayAuth): void {
  const asksForCredential = apiKeys.length > 0 || jwt !== undefined;
  const asksWhoCalls = asksForCredential || tls?.clientCa !== undefined;
  if (!asksWhoCalls && !isAllowed(settings.allowUnauthenticated, settings)) throw openToEveryone(far);
  const isPlain = asksForCredential && tls === undefined;
  if (isPlain && !isAllowed(settings.allowPlaintext, settings)) throw plaintextCredentials(far);
}

const isAllowed = (allowance: Allowance, { environment }: GatewayAuth): boolean =>
  allowance === 'true' || (allowance === 'development' && environment === 'development');

/** Whoever is on the way could put in keys of their own, and sign tokens with them. */
const isPlaintext = (url: string): boolean =>
  url.startsWith('http:') && !isLoopback(new URL(url).hostname.replace(/^\[|\]$/g, ''));

/** What an operator should know of who may come in although nothing is wrong; nothing where everyone is asked. */
export function openDoorsWarning({ apiKeys, jwt, tls }: AuthConfig, addresses: readonly string[]): string | undefined {
  if (apiKeys.length > 0 || jwt !== undefined) return undefined;
  const who = tls?.clientCa === undefined ? 'whoever reaches' : 'whoever has a certificate of RATCHET_TLS_CLIENT_CA at';
  return (
    `nobody is asked who they are: ${who} ${addresses.join(' or ')} may do everything ` +
    '(RATCHET_API_KEYS or RATCHET_JWT_ISSUER would ask)'
  );
}

function jwtConfig(settings: GatewayAuth): JwtConfig | undefined {
  const { jwtIssuer: issuer, jwtAudience: audience, jwtJwksUrl: jwksUrl, jwtPublicKey: publicKey } = settings;
  if (issuer === '') {
    if (audience !== '' || jwksUrl !== '' || publicKey !== '') throw missing('RATCHET_JWT_ISSUER', 'RATCHET_JWT_*');
    return undefined;
  }
  if (audience === '') throw missing('RATCHET_JWT_AUDIENCE', 'RATCHET_JWT_ISSUER');
  if (jwksUrl === '' && publicKey === '')
    throw missing('RATCHET_JWT_JWKS_URL or RATCHET_JWT_PUBLIC_KEY', 'RATCHET_JWT_ISSUER');
  if (publicKey !== '') checkPublicKey(publicKey);
  if (isPlaintext(jwksUrl) && !isAllowed(settings.allowPlaintext, settings)) throw plaintextKeys(jwksUrl);
  const keys = jwksUrl === '' ? { publicKey } : { jwksUrl };
  return { issuer, audience, keys, permissionsClaim: settings.jwtPermissionsClaim };
}

/** As RFC 7518 wants it. A key that verifies nothing would refuse every token. */
const rsaBitsMin = 2048;

function checkPublicKey(pem: string): void {
  try {
    const bits = createPublicKey(pem).asymmetricKeyDetails?.modulusLength ?? rsaBitsMin;
    if (bits < rsaBitsMin) throw new Error(`it has ${String(bits)} bits, where RSA needs ${String(rsaBitsMin)}`);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(`Expected RATCHET_JWT_PUBLIC_KEY to be a public key, but ${reason}`);
  }
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

const refusal = (message: string): OperationalError => new OperationalError(message, 'RKT1301', false);

const unusable = (error: unknown): OperationalError =>
  refusal(
    'Expected RATCHET_TLS_CERTIFICATE, RATCHET_TLS_KEY and RATCHET_TLS_CLIENT_CA to be usable together, but ' +
      (error instanceof Error ? error.message : String(error)),
  );

const missing = (variable: string, because: string): OperationalError =>
  refusal(`Expected to find ${variable} with ${because}, but it is not set`);

const openToEveryone = ({ host, variable }: ListeningAddress): OperationalError =>
  refusal(
    `Expected to ask who calls before listening on ${host} (${variable}), but nothing says how: set RATCHET_API_KEYS, ` +
      'RATCHET_JWT_ISSUER or RATCHET_TLS_CLIENT_CA, or RATCHET_ALLOW_UNAUTHENTICATED=true if everyone may do everything',
  );

const plaintextCredentials = ({ host, variable }: ListeningAddress): OperationalError =>
  refusal(
    `Expected API keys and tokens to come encrypted to ${host} (${variable}), but there is no TLS: set ` +
      'RATCHET_TLS_CERTIFICATE and RATCHET_TLS_KEY, or RATCHET_ALLOW_PLAINTEXT=true if something in front of it has TLS',
  );

const plaintextKeys = (url: string): OperationalError =>
  refusal(
    `Expected RATCHET_JWT_JWKS_URL to be an address by https, but it is ${new URL(url).origin}: whoever is on the way could sign tokens ` +
      '(RATCHET_ALLOW_PLAINTEXT=true if something else keeps it safe)',
  );
