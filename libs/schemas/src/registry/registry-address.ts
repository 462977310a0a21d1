import { SchemaRegistryError } from './schema-registry-error.ts';

/** Where the registry answers, and as whom it is asked. */
export interface RegistryAddress {
  /** The root of its Confluent-compatible API, without credentials and without a slash at its end: it may be shown. */
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/**
 * Takes a registry's address apart: credentials in it (`https://user:password@registry`) are sent as basic
 * authentication, and shown to nobody.
 *
 * @throws SchemaRegistryError `RKT1101` when it is no http or https address.
 */
export function registryAddress(given: unknown): RegistryAddress {
  const url = typeof given === 'string' && /^https?:/.test(given) && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined) throw noAddress(given);
  const [username, password] = [decoded(url.username), decoded(url.password)];
  url.username = '';
  url.password = '';
  return {
    url: url.href.replace(/\/+$/, ''),
    ...(username === '' && password === '' ? {} : { credentials: { username, password } }),
  };
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
