import { isIP } from 'node:net';
import { HttpException } from '@nestjs/common';
import type { FastifyInstance } from 'fastify';

/** Whether who listens on this address is reached from this machine alone. */
export const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || host === '::ffff:127.0.0.1' || /^127(\.\d{1,3}){3}$/.test(host);

/** What every answer by HTTP says to a browser (OWASP REST Security Cheat Sheet); a page of HTML has a policy of its own. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
};

/** A name as a URL has it (`example.com`), or all names below it (`*.example.com`). */
export const hostPattern = /^(\*\.)?([a-z\d_]([a-z\d_-]*[a-z\d])?\.)*[a-z\d_]([a-z\d_-]*[a-z\d])?$/;

/** Whether a name in lower case is, or is below, one of the patterns. */
export const isHostIn = (name: string, patterns: readonly string[]): boolean =>
  patterns.some((pattern) => (pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern));

/** A request that a browser may have made for a page of someone else. */
export class ForeignRequestError extends HttpException {
  override readonly name = 'ForeignRequestError';

  constructor(status: 403 | 421, message: string) {
    super(message, status);
  }
}

export interface RequestHeaders {
  readonly host?: string | undefined;
  readonly origin?: string | undefined;
}

/**
 * Keeps pages of other sites away from a server that asks nobody who they are.
 *
 * A page that rebinds its own name to our address still sends that name as Host, and a form or script of another site
 * sends its site as Origin. Addresses and `localhost` cannot be rebound; other names of ours must be known.
 *
 * @param names by which others may call: patterns of `isHostIn`.
 * @throws ForeignRequestError 421 for another Host, 403 for another Origin.
 */
export function refuseForeign({ host, origin }: RequestHeaders, names: readonly string[]): void {
  if (host !== undefined && !isOwnName(nameIn(host), names)) {
    const known = ['localhost', 'an IP address', ...names].join(', ');
    throw new ForeignRequestError(421, `Expected Host to be one of ${known}, but it is ${shown(host)}`);
  }
  if (origin !== undefined && originHost(origin) !== host?.toLowerCase()) {
    throw new ForeignRequestError(403, `Expected no Origin or our own, but it is ${shown(origin)}`);
  }
}

/** Without port, brackets and the dot of the root. */
const nameIn = (host: string): string =>
  host
    .toLowerCase()
    .replace(/:\d*$/, '')
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/\.$/, '');

const isOwnName = (name: string, names: readonly string[]): boolean =>
  isIP(name) !== 0 || name === 'localhost' || name.endsWith('.localhost') || isHostIn(name, names);

/** With its port where that is not the usual one, as Host has it. */
const originHost = (origin: string): string | undefined =>
  /^https?:\/\//.test(origin) && URL.canParse(origin) ? new URL(origin).host : undefined;

const shown = (text: string): string => JSON.stringify(text.slice(0, 100));

/** Health and metrics ask nobody: where only this machine may see them, no page in its browser may, either. */
export function protectHealth(instance: Pick<FastifyInstance, 'addHook'>, listensOn: string): void {
  instance.addHook('onRequest', ({ headers }, reply, done) => {
    void reply.headers(securityHeaders);
    if (isLoopback(listensOn)) refuseForeign(headers, []);
    done();
  });
}
