import { X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type ConnectionOptions as NodeTlsOptions } from 'node:tls';
import type { OauthbearerProviderResponse, SASLOptions } from 'kafkajs';
import { OperationalError } from '../errors.ts';
import { askForToken } from './token-server.ts';

/**
 * Something that is shown to nobody: itself, or the path of a file whose content it is, but for the end of the last line. It
 * is looked at again for every connection that is opened, so a file that has changed counts from the next one on.
 */
export type Secret = string | { readonly file: string };

/** TLS towards a server: certificates and keys in PEM. */
export interface TlsOptions {
  /** Who is trusted; default: the authorities that Node trusts. */
  readonly ca?: Secret | undefined;
  /** What this process shows of itself, and its key; both or none. */
  readonly certificate?: Secret | undefined;
  readonly key?: Secret | undefined;
  /** The name that the server's certificate must have; default: the host that is connected to. */
  readonly serverName?: string | undefined;
}

/** Who this process is to the brokers, by the mechanism that they ask for. */
export type SaslOptions =
  | {
      readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
      readonly username: string;
      readonly password: Secret;
    }
  /** OAuth 2.0 client credentials (RFC 6749, section 4.4): a token is fetched, and another before it expires. */
  | {
      readonly mechanism: 'oauthbearer';
      readonly tokenUrl: string;
      readonly clientId: string;
      readonly clientSecret: Secret;
      readonly scope?: string | undefined;
      /** Towards `tokenUrl`; default: the authorities that Node trusts. */
      readonly tls?: TlsOptions | undefined;
      /** SASL extensions (KIP-342): what a managed Kafka wants to know beside the token, such as Confluent's `logicalCluster`. */
      readonly extensions?: Readonly<Record<string, string>> | undefined;
    }
  /** Amazon MSK's IAM, by the credentials that AWS's SDK finds in the environment; needs aws-msk-iam-sasl-signer-js. */
  | { readonly mechanism: 'aws-msk-iam'; readonly region: string };

/** How brokers are spoken to. What is in it is read anew for every connection: getters may change their minds. */
export interface KafkaSecurity {
  /** `true`: TLS, with the authorities that Node trusts. Default: none. */
  readonly tls?: boolean | TlsOptions | undefined;
  readonly sasl?: SaslOptions | undefined;
}

const secretBytesMax = 1024 * 1024;

/** @throws OperationalError RKT1301 when its file cannot be read. */
export function revealed(secret: Secret): string {
  if (typeof secret === 'string') return secret;
  try {
    const stat = statSync(secret.file);
    const isReadable = stat.isFile() && stat.size <= secretBytesMax;
    const text = isReadable ? readFileSync(secret.file, 'utf8').replace(/\r?\n$/, '') : '';
    if (text !== '') return text;
  } catch (cause) {
    throw unreadable(secret.file, String((cause as NodeJS.ErrnoException).code ?? cause));
  }
  throw unreadable(secret.file, 'it is empty, has more than a mebibyte, or is no file');
}

const unreadable = (file: string, reason: string): OperationalError =>
  new OperationalError(`Expected to read a secret from ${JSON.stringify(file)}, but ${reason}`, 'RKT1301', false);

/** Node's own options of it; `undefined` where there is none. */
export function nodeTlsOptions(tls: KafkaSecurity['tls']): NodeTlsOptions | undefined {
  if (tls === undefined || tls === false) return undefined;
  if (tls === true) return {};
  const { ca, certificate, key, serverName } = tls;
  return {
    ...(ca === undefined ? {} : { ca: revealed(ca) }),
    ...(certificate === undefined ? {} : { cert: revealed(certificate) }),
    ...(key === undefined ? {} : { key: revealed(key) }),
    ...(serverName === undefined ? {} : { servername: serverName }),
  };
}

/**
 * What is given must be of use before anyone is connected to with it: else that it is not would look like a broker that is away.
 *
 * @throws OperationalError RKT1301 when a secret's file cannot be read, or as `checkTls`.
 */
export function checkSecurity({ tls, sasl }: KafkaSecurity): void {
  checkTls(tls, 'Kafka');
  if (sasl === undefined) return;
  if ('password' in sasl) revealed(sasl.password);
  if (!('clientSecret' in sasl)) return;
  revealed(sasl.clientSecret);
  checkTls(sasl.tls, 'the server of tokens');
}

export const extensionsExpected =
  'names of letters alone, but not auth, and values of printable ASCII, such as logicalCluster=lkc-1';

/** @returns whether brokers take them: KIP-342, and RFC 7628, section 3.1. */
export const areExtensions = (extensions: Readonly<Record<string, string>>): boolean =>
  Object.entries(extensions).every(
    ([name, value]) => /^[A-Za-z]+$/.test(name) && name !== 'auth' && /^[\x20-\x7e\t\r\n]+$/.test(value),
  );

/** @throws OperationalError RKT1301 when they are no certificates, or the key is of another certificate. */
export function checkTls(tls: KafkaSecurity['tls'], towards: string): void {
  const options = nodeTlsOptions(tls);
  try {
    createSecureContext(options);
    // Node passes over what has no certificate in it, and would then trust nobody.
    if (typeof options?.ca === 'string') new X509Certificate(options.ca);
  } catch (cause) {
    throw new OperationalError(
      `Expected the authorities, the certificate and the key of TLS towards ${towards} to be usable together, but ${(cause as Error).message}`,
      'RKT1301',
      false,
      { cause },
    );
  }
}

/** kafkajs's own options of it. Its mechanisms read user and password whenever they authenticate. */
export function kafkajsSasl(security: KafkaSecurity): SASLOptions | undefined {
  const { sasl } = security;
  switch (sasl?.mechanism) {
    case undefined:
      return undefined;
    case 'oauthbearer':
      return {
        mechanism: 'oauthbearer',
        oauthBearerProvider: cachedToken(
          () => fetchedToken(security),
          () => byToken(security).extensions,
        ),
      };
    case 'aws-msk-iam':
      return { mechanism: 'oauthbearer', oauthBearerProvider: cachedToken(() => signedToken(security)) };
    case 'plain':
    case 'scram-sha-256':
    case 'scram-sha-512':
      return passwordSasl(security, sasl.mechanism);
  }
}

type PasswordSasl = Extract<SaslOptions, { readonly password: Secret }>;

function passwordSasl(security: KafkaSecurity, mechanism: PasswordSasl['mechanism']): SASLOptions {
  const now = (): PasswordSasl => security.sasl as PasswordSasl;
  return {
    mechanism,
    get username() {
      return now().username;
    },
    get password() {
      return revealed(now().password);
    },
  };
}

interface Token {
  readonly value: string;
  /** From which `performance.now()` on another is fetched. */
  readonly staleAt: number;
}

/** Of a token's life, the part at whose end it is replaced, and what is taken where its server does not say. */
const freshShare = 0.8;
const tokenSecondsDefault = 300;

/** kafkajs sends them, though its types do not say so. */
type TokenResponse = OauthbearerProviderResponse & { readonly extensions?: Readonly<Record<string, string>> };

/** One token for all connections, fetched once however many ask for it. */
function cachedToken(
  fetchToken: () => Promise<Token>,
  extensions?: () => Readonly<Record<string, string>> | undefined,
): () => Promise<TokenResponse> {
  let current: Token | undefined;
  let fetching: Promise<Token> | undefined;
  return async () => {
    if (current === undefined || performance.now() >= current.staleAt) {
      fetching ??= fetchToken().finally(() => (fetching = undefined));
      current = await fetching;
    }
    return { value: current.value, extensions: extensions?.() ?? {} };
  };
}

const livingFor = (value: string, seconds: number): Token => ({
  value,
  staleAt: performance.now() + seconds * 1000 * freshShare,
});

type TokenSasl = Extract<SaslOptions, { readonly tokenUrl: string }>;
const byToken = ({ sasl }: KafkaSecurity): TokenSasl => sasl as TokenSasl;

async function fetchedToken(security: KafkaSecurity): Promise<Token> {
  const { tokenUrl, clientId, clientSecret, scope, tls } = byToken(security);
  const url = new URL(tokenUrl);
  try {
    const credentials = { clientId, clientSecret: revealed(clientSecret), scope };
    const [status, given] = await askForToken({ url, ...credentials, tls: nodeTlsOptions(tls) });
    if (typeof given.access_token !== 'string')
      throw new Error(`it says ${String(status)} ${given.error ?? ''} ${given.error_description ?? ''}`.trim());
    const seconds = Number(given.expires_in ?? tokenSecondsDefault);
    return livingFor(given.access_token, Number.isFinite(seconds) ? seconds : tokenSecondsDefault);
  } catch (cause) {
    throw noToken(`${url.origin}${url.pathname}`, cause);
  }
}

async function signedToken({ sasl }: KafkaSecurity): Promise<Token> {
  const { region } = sasl as Extract<SaslOptions, { readonly region: string }>;
  try {
    const { generateAuthToken } = await import('aws-msk-iam-sasl-signer-js');
    const { token, expiryTime } = await generateAuthToken({ region });
    return livingFor(token, Math.max(0, (expiryTime - Date.now()) / 1000));
  } catch (cause) {
    throw noToken(`AWS in ${region}`, cause);
  }
}

function noToken(from: string, cause: unknown): OperationalError {
  const { message, cause: inner } = cause as Error;
  const reason = inner instanceof Error ? `${message}: ${inner.message}` : message;
  return new OperationalError(`Expected to get a token for Kafka from ${from}, but ${reason}`, 'RKT1009', true, {
    cause,
  });
}
