import { isDeepStrictEqual } from 'node:util';
import type { Principal } from '../front-door/caller.ts';
import { everyone } from '../front-door/caller.ts';
import { FrontDoorError } from '../front-door/front-door-error.ts';
import type { AuthConfig } from './auth.settings.ts';
import { findApiKey } from './api-keys.ts';
import { createTokenReader } from './json-web-token.ts';

/** Asks who calls. The same for every door. */
export interface Authenticator {
  /** Whether a call needs an API key or a token: a browser adds neither to what a page of another site asks for. */
  readonly asksForCredential: boolean;
  /**
   * @param authorization the header of that name: `Bearer <API key or JWT>`.
   * @throws FrontDoorError (rejects) UNAUTHENTICATED; what was wrong with it is not told to a stranger in detail.
   */
  authenticate(authorization: string | undefined): Promise<Principal>;
}

const bearer = /^Bearer +([\w.~+/=-]+)$/i;
const threeParts = /^[\w-]+\.[\w-]+\.[\w-]+$/;

/** By API key, by JWT, or, where neither is configured, everyone. `use` changes who is known, from the next call on. */
export function createAuthenticator(auth: AuthConfig): Authenticator & { use(changed: AuthConfig): void } {
  let { apiKeys, jwt } = auth;
  let readToken = jwt === undefined ? undefined : createTokenReader(jwt);
  return {
    get asksForCredential() {
      return apiKeys.length > 0 || readToken !== undefined;
    },
    authenticate: async (authorization) => {
      if (apiKeys.length === 0 && readToken === undefined) return everyone;
      const credential = bearer.exec(authorization ?? '')?.[1];
      if (credential === undefined) throw unauthenticated('no API key or token was given');
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

/** The reference's word for it, and why. */
export const unauthenticated = (reason: string, cause?: unknown): FrontDoorError =>
  new FrontDoorError('UNAUTHENTICATED', `Request unauthorized: ${reason}.`, cause === undefined ? {} : { cause });
