import { request as requestByHttp, type IncomingMessage } from 'node:http';
import { request as requestByHttps } from 'node:https';
import type { ConnectionOptions as NodeTlsOptions } from 'node:tls';

const tokenMsMax = 10_000;
const answerBytesMax = 1024 * 1024;

export interface TokenRequest {
  readonly url: URL;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope?: string | undefined;
  readonly tls?: NodeTlsOptions | undefined;
}

/** RFC 6749, sections 5.1 and 5.2. */
export interface TokenAnswer {
  readonly access_token?: unknown;
  readonly expires_in?: unknown;
  readonly error?: string;
  readonly error_description?: string;
}

/**
 * Asks for a token by client credentials (RFC 6749, section 4.4).
 *
 * @returns the status, and what was answered: nothing, where it is no JSON.
 * @throws Error (rejects) when nobody answers in time, or with more than a mebibyte.
 */
export async function askForToken(asked: TokenRequest): Promise<readonly [status: number, TokenAnswer]> {
  const answer = await answerTo(asked);
  const text = await textOf(answer);
  try {
    return [answer.statusCode ?? 0, JSON.parse(text) as TokenAnswer];
  } catch {
    return [answer.statusCode ?? 0, {}];
  }
}

// Trap: `fetch` knows no certificates but those that Node was started with.
function answerTo({ url, clientId, clientSecret, scope, tls = {} }: TokenRequest): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const [id, secret] = [clientId, clientSecret].map(encodeURIComponent);
  const body = new URLSearchParams({ grant_type: 'client_credentials', ...(scope === undefined ? {} : { scope }) });
  const headers = {
    authorization: `Basic ${Buffer.from(`${id ?? ''}:${secret ?? ''}`).toString('base64')}`,
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    accept: 'application/json',
  };
  const request = url.protocol === 'https:' ? requestByHttps : requestByHttp;
  // Without an agent: certificates may have changed since the last token, which was minutes ago.
  request(url, { ...tls, method: 'POST', headers, agent: false, signal: AbortSignal.timeout(tokenMsMax) }, resolve)
    .on('error', reject)
    .end(body.toString());
  return promise;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new Error(`its answer has more than ${String(answerBytesMax)} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
