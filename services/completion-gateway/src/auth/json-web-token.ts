import { createRemoteJWKSet, errors, importSPKI, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import type { Principal, Role } from '../front-door/caller.ts';
import { fields, isRight } from '../fields/fields.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { unauthenticated } from './authenticator.ts';
import { everyNamespace, principalOf, type Grant } from './authorise.ts';

export interface JwtConfig {
  readonly issuer: string;
  readonly audience: string;
  /** Where the keys are, or the one key there is, as PEM (SPKI). */
  readonly keys: { readonly jwksUrl: string } | { readonly publicKey: string };
  /** The claim that holds `<namespace>:<role>` strings. */
  readonly permissionsClaim: string;
}

/** Signatures of key pairs only: a shared secret would let whoever verifies sign, too. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];
const clockToleranceSeconds = 30;

/** For so long a key counts that its issuer has withdrawn. */
const keysMsMax = 600_000;
/** An unknown key has the issuer asked no more often than this. */
const looksApartMs = 30_000;

/** Milliseconds of any beginning, on a clock that nobody can set. */
type MonotonicMs = () => number;

/** Ours and the reference's words for the same. */
const roles: ReadonlyMap<string, Role> = new Map([
  ['reader', 'reader'],
  ['read', 'reader'],
  ['worker', 'worker'],
  ['writer', 'writer'],
  ['write', 'writer'],
  ['admin', 'admin'],
]);
/** The reference's name for what is not of one namespace. */
const systemNamespace = 'temporal-system';

/**
 * Verifies tokens: signature, issuer, audience, and that they have not expired.
 *
 * @returns a function that rejects with UNAUTHENTICATED, or with UNAVAILABLE while the keys cannot be fetched.
 */
export function createTokenReader(
  config: JwtConfig,
  monotonicMs: MonotonicMs = () => performance.now(),
): (token: string) => Promise<Principal> {
  const { issuer, audience, permissionsClaim } = config;
  const keyOf = keySource(config.keys, monotonicMs);
  return async (token) => {
    try {
      const { payload } = await jwtVerify(token, keyOf, {
        issuer,
        audience,
        algorithms,
        clockTolerance: clockToleranceSeconds,
        requiredClaims: ['exp'],
      });
      return principalOf('token', subjectOf(payload), grantsOf(payload[permissionsClaim]));
    } catch (error) {
      throw asRefusal(error);
    }
  };
}

function keySource(keys: JwtConfig['keys'], monotonicMs: MonotonicMs): JWTVerifyGetKey {
  if ('jwksUrl' in keys) return fetchedKeys(remoteKeys(new URL(keys.jwksUrl), monotonicMs));
  // Read once, not for every token. Only our algorithms come here: the others are refused before.
  const imported = new Map<string, ReturnType<typeof importSPKI>>();
  return ({ alg }) => {
    const key = imported.get(alg) ?? importSPKI(keys.publicKey, alg);
    imported.set(alg, key);
    return key;
  };
}

/**
 * The keys of an issuer, fetched again when they are old, and for one that is not among them.
 *
 * Trap: jose decides by the wall clock when that is. Set back, it would refuse a new key, and take a withdrawn one, for as
 * long as the step.
 */
function remoteKeys(url: URL, monotonicMs: MonotonicMs): JWTVerifyGetKey {
  const keys = createRemoteJWKSet(url, { cooldownDuration: Infinity, cacheMaxAge: Infinity });
  let fetchedAt = -Infinity;
  const isOlderThan = (ms: number): boolean => monotonicMs() - fetchedAt >= ms;
  const fetchAgain = async (): Promise<void> => {
    await keys.reload();
    fetchedAt = monotonicMs();
  };
  return async (header, token) => {
    if (isOlderThan(keysMsMax)) await fetchAgain();
    try {
      return await keys(header, token);
    } catch (error) {
      if (!(error instanceof errors.JWKSNoMatchingKey) || !isOlderThan(looksApartMs)) throw error;
      await fetchAgain();
      return keys(header, token);
    }
  };
}

/** No fault of a token: its issuer is away, answers too late, with an error, or with something else than keys. */
const fetchedKeys =
  (keys: JWTVerifyGetKey): JWTVerifyGetKey =>
  async (header, token) => {
    try {
      return await keys(header, token);
    } catch (error) {
      if (isOfTheToken(error)) throw error;
      throw new FrontDoorError('UNAVAILABLE', 'The keys that verify tokens cannot be fetched.', { cause: error });
    }
  };

/** It names a key that is not there or of which there are two, or the key is none that can be used. */
const isOfTheToken = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey ||
  error instanceof errors.JWKSMultipleMatchingKeys ||
  error instanceof errors.JOSENotSupported ||
  error instanceof DOMException;

/** Whatever else is wrong is wrong with the token, or with the one key that it names. */
function asRefusal(error: unknown): FrontDoorError {
  if (error instanceof FrontDoorError) return error;
  if (error instanceof errors.JWTExpired) return unauthenticated('the token has expired', error);
  if (error instanceof errors.JWKSNoMatchingKey) return unauthenticated('the token is of an unknown key', error);
  if (error instanceof errors.JOSEError) return unauthenticated('the token is not valid here', error);
  return unauthenticated('the token cannot be verified', error);
}

/** The library says that a subject is a text, and has not looked. @throws FrontDoorError UNAUTHENTICATED. */
function subjectOf({ sub, iss = 'a token' }: JWTPayload): string {
  const subject: unknown = sub ?? iss;
  if (isRight('sub', subject)) return subject;
  throw unauthenticated('the subject of the token is no text of 1 to 255 characters');
}

/** What a token permits; what is not of the form `<namespace>:<role>` permits nothing. */
export function grantsOf(claim: unknown): readonly Grant[] {
  if (!Array.isArray(claim) || claim.length > fields.permissions.countMax) return [];
  return claim.flatMap((permission: unknown) => (isRight('permissions', permission) ? grantIn(permission) : []));
}

function grantIn(permission: string): readonly Grant[] {
  const colon = permission.lastIndexOf(':');
  const namespace = permission.slice(0, Math.max(colon, 0));
  const role = roles.get(permission.slice(colon + 1));
  if (namespace === '' || role === undefined) return [];
  return [{ namespace: namespace === systemNamespace ? everyNamespace : namespace, role }];
}
