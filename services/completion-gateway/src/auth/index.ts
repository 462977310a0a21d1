export { authConfig, openDoorsWarning, secureContext } from './auth-config.ts';
export { authSettings, type AuthConfig, type TlsConfig } from './auth.settings.ts';
export { CallAudit, type RefusedCall } from './call-audit.ts';
export { certificateName, createAuthenticator, type Authenticator } from './authenticator.ts';
