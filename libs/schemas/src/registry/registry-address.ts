import { Agent } from 'node:https';
import type { ConnectionOptions } from 'node:tls';
import { SchemaRegistryError } from './schema-registry-error.ts';

/** A registry, and how it is asked. Functions are called anew for every request or connection. */
export interface RegistryAccess {
  /** The root of a Confluent-compatible API; user and password in it are sent as basic authentication. */
  readonly url: string;
  /** The `Authorization` header; default: what the URL has. */
  readonly authorization?: () => string | undefined;
  readonly tls?: () => ConnectionOptions | undefined;
}

/** Where the registry answers, and as whom it is asked. */
export interface RegistryAddress {
  /** The root of its Confluent-compatible API, without credentials and without a slash at its end: it may be shown. */
  readonly url: string;
  readonly authorization: () => string | undefined;
  /** Of https. */
  readonly agent?: Agent;
}

/**
 * Takes a registry's address apart: credentials in it (`https://user:password@registry`) are sent as basic
 * authentication, and shown to nobody.
 *
 * @throws SchemaRegistryError `RKT1101` when it is no http or https address.
 */
export function registryAddress(given: string | RegistryAccess): RegistryAddress {
  const access: RegistryAccess = typeof given === 'object' ? given : { url: given };
  const url = parsedUrl(access.url);
  const ofUrl = basic(decoded(url.username), decoded(url.password));
  url.username = '';
  url.password = '';
  const { authorization = () => undefined, tls = () => undefined } = access;
  return {
    url: url.href.replace(/\/+$/, ''),
    authorization: () => authorization() ?? ofUrl,
    ...(url.protocol === 'https:' ? { agent: new TrustingAgent(tls) } : {}),
  };
}

/** `Authorization` by user and password (RFC 7617); `undefined` when there is neither. */
export const basic = (username: string, password: string): string | undefined =>
  username === '' && password === '' ? undefined : `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

/** Whom it trusts and what it shows of itself is asked for every connection. */
class TrustingAgent extends Agent {
  readonly #tls: () => ConnectionOptions | undefined;

  constructor(tls: () => ConnectionOptions | undefined) {
    super({ keepAlive: false, maxCachedSessions: 0 });
    this.#tls = tls;
  }

  override createConnection(
    ...[options, ...rest]: Parameters<Agent['createConnection']>
  ): ReturnType<Agent['createConnection']> {
    return super.createConnection({ ...options, ...this.#tls() }, ...rest);
  }
}

function parsedUrl(given: unknown): URL {
  if (typeof given === 'string' && /^https?:/.test(given) && URL.canParse(given)) return new URL(given);
  throw noAddress(given);
}

/** A `%` that begins no escape stands for itself. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function noAddress(given: unknown): SchemaRegistryError {
  const shown = typeof given === 'string' ? (given.includes('@') ? 'one with credentials' : `'${given}'`) : undefined;
  return new SchemaRegistryError(
    `Expected the schema registry's address as a URL such as 'http://localhost:8081/apis/ccompat/v7', but it is ` +
      (shown ?? `of type ${typeof given}`),
    'RKT1101',
    false,
  );
}
