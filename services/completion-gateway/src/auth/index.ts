export { authConfig, openDoorsWarning, secureContext } from './auth-config.ts';
export { authSettings, type AuthConfig, type TlsConfig } from './auth.settings.ts';
export { createAuthenticator, type Authenticator } from './authenticator.ts';
