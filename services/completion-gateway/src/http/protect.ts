import { refuseForeign, securityHeaders, type Environment } from '@ratchet/service-kit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Authenticator } from '../auth/authenticator.ts';
import { isDocs as asksForDocs, isWebhook } from './routes.ts';

export interface Protection {
  readonly authenticator: Authenticator;
  /** The names by which the API is called, beside `localhost` and addresses. */
  readonly names: readonly string[];
  readonly environment: Environment;
}

/** A year: a browser that has seen the API by TLS does not call it without. */
const strictTransport = 'max-age=31536000';
/** Swagger's page has styles and pictures within it, and no script. */
const docsPolicy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'";

/**
 * What stands before every request, whether it has an address here or not: the security headers of its answer; no page of
 * another site where nobody is asked for a key or a token; and in production the API's description only for who is known.
 *
 * A webhook may come by any name: it is signed.
 */
export function protect(instance: FastifyInstance, { authenticator, names, environment }: Protection): void {
  instance.addHook('onRequest', async (request, reply) => {
    const isDocs = asksForDocs(request);
    void reply.headers(securityHeaders);
    if (request.protocol === 'https') void reply.header('strict-transport-security', strictTransport);
    if (isDocs) void reply.header('content-security-policy', docsPolicy);
    if (!authenticator.asksForCredential && !isWebhook(request)) refuseForeign(request.headers, names);
    if (!isDocs || environment !== 'production') return;
    if (authenticator.asksForCredential) void reply.header('www-authenticate', 'Basic realm="Ratchet", Bearer');
    await authenticator.authenticate(docsCredential(request));
    void reply.removeHeader('www-authenticate');
  });
}

/** A browser asks a person for a password: that is the API key. It sends it to no call of the API, which want `Bearer`. */
function docsCredential({ headers: { authorization } }: FastifyRequest): string | undefined {
  const basic = /^Basic +([\w+/]+=*)$/i.exec(authorization ?? '')?.[1];
  if (basic === undefined) return authorization;
  const [, ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':');
  return `Bearer ${password.join(':')}`;
}
