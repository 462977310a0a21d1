import type { PeerCertificate } from 'node:tls';
import { isDeepStrictEqual } from 'node:util';
import type { Principal } from '../front-door/caller.ts';
import { everyone } from '../front-door/caller.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import { isRight } from '../fields/fields.ts';
import type { AuthConfig } from './auth.settings.ts';
import { findApiKey } from './api-keys.ts';
import { createTokenReader } from './json-web-token.ts';

/** Asks who calls. The same for every door. */
export interface Authenticator {
  /** Whether a call needs an API key or a token: a browser adds neither to what a page of another site asks for. */
  readonly asksForCredential: boolean;
  /**
   * @param authorization the header of that name: `Bearer <API key or JWT>`.
   * @param certificate whose certificate the connection was opened with; only where clients must have one.
   * @throws FrontDoorError (rejects) UNAUTHENTICATED; what was wrong with it is not told to a stranger in detail.
   */
  authenticate(authorization: string | undefined, certificate?: string): Promise<Principal>;
}

const threeParts = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** By API key, by JWT, or, where neither is configured, everyone. `use` changes who is known, from the next call on. */
export function createAuthenticator(auth: AuthConfig): Authenticator & { use(changed: AuthConfig): void } {
  let { apiKeys, jwt } = auth;
  let readToken = jwt === undefined ? undefined : createTokenReader(jwt);
  return {
    get asksForCredential() {
      return apiKeys.length > 0 || readToken !== undefined;
    },
    authenticate: async (authorization, certificate) => {
      if (apiKeys.length === 0 && readToken === undefined)
        return certificate === undefined ? everyone : holderOf(certificate);
      if (!isRight('authorization', authorization)) throw unauthenticated('no API key or token was given');
      const credential = authorization.slice('Bearer'.length).trim();
      const principal =
        findApiKey(apiKeys, credential) ??
        (readToken !== undefined && threeParts.test(credential) ? await readToken(credential) : undefined);
      if (principal === undefined) throw unauthenticated('the API key is unknown');
      return principal;
    },
    use: (changed) => {
      // The keys of an issuer that has not changed are not fetched again.
      if (!isDeepStrictEqual(changed.jwt, jwt)) {
        readToken = changed.jwt === undefined ? undefined : createTokenReader(changed.jwt);
      }
      ({ apiKeys, jwt } = changed);
    },
  };
}

/** Who has a certificate of the authority, where nothing else is asked for, may do everything. */
const holderOf = (name: string): Principal => ({ ...everyone, name, provedBy: 'certificate' });

/** Whose certificate it is, as far as it says so: for logs, and as recorded with commands. */
export function certificateName(certificate: PeerCertificate | undefined): string | undefined {
  // Without a certificate Node gives an empty object.
  const subject: unknown = certificate?.subject;
  if (typeof subject !== 'object' || subject === null) return undefined;
  const { CN } = subject as { readonly CN?: string | readonly string[] };
  return typeof CN === 'string' && CN !== '' ? CN : JSON.stringify(subject);
}

/** The reference's word for it, and why. */
export const unauthenticated = (reason: string, cause?: unknown): FrontDoorError =>
  new FrontDoorError('UNAUTHENTICATED', `Request unauthorized: ${reason}.`, cause === undefined ? {} : { cause });
