export { authConfig, type Listening } from './auth-config.ts';
export { authSettings, type AuthConfig, type AuthSettings, type TlsConfig } from './auth.settings.ts';
export { createAuthenticator, type Authenticator } from './authenticator.ts';
export { authorise, everyNamespace, principalOf, type Grant } from './authorise.ts';
export { apiKeyHash } from './api-keys.ts';
