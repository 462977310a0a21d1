import { request as requestByHttp, type IncomingMessage } from 'node:http';
import { request as requestByHttps } from 'node:https';
import type { RegistryAddress } from './registry-address.ts';
import { inOneLine, isRetryableStatus, SchemaRegistryError } from './schema-registry-error.ts';

export interface RegistryRequest {
  readonly method?: 'GET' | 'PUT' | 'POST';
  /** Begins with a slash. */
  readonly path: string;
  readonly body?: object;
  readonly timeoutMs: number;
}

export interface RegistryAnswer {
  readonly status: number;
  readonly text: string;
}

/** @throws SchemaRegistryError `RKT1101`, retryable, when nothing answers. */
export async function askRegistry(address: RegistryAddress, asked: RegistryRequest): Promise<RegistryAnswer> {
  try {
    const answer = await answerTo(address, asked);
    return { status: answer.statusCode ?? 0, text: await textOf(answer) };
  } catch (error) {
    throw noAnswer(address, reasonOf(error), !(error instanceof AnswerTooLargeError), { cause: error });
  }
}

/** Our largest schema has some ten thousand bytes. */
const answerBytesMax = 1024 * 1024;

/** To ask again is of no use. */
export class AnswerTooLargeError extends Error {
  override readonly name = 'AnswerTooLargeError';
  override readonly message = `its answer has more than ${String(answerBytesMax)} bytes`;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > answerBytesMax) throw new AnswerTooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

// Trap: `fetch` knows no certificates but those that Node was started with.
function answerTo(
  { url, agent, authorization }: RegistryAddress,
  { method = 'GET', path, body, timeoutMs }: RegistryRequest,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const authorized = authorization();
  const headers = {
    'content-type': 'application/vnd.schemaregistry.v1+json',
    ...(authorized === undefined ? {} : { authorization: authorized }),
  };
  const signal = AbortSignal.timeout(timeoutMs);
  const request = url.startsWith('https:') ? requestByHttps : requestByHttp;
  request(url + path, { method, headers, signal, agent }, resolve)
    .on('error', reject)
    .end(body === undefined ? undefined : JSON.stringify(body));
  return promise;
}

/**
 * What an answer holds; `undefined` when the registry says that there is nothing.
 *
 * @throws SchemaRegistryError `RKT1101` when it is no answer of a registry.
 */
export function valueIn(address: RegistryAddress, answer: RegistryAnswer): unknown {
  const value = jsonIn(answer.text);
  const isFound = isSuccess(answer) && value !== undefined;
  if (isFound) return value;
  // A server without such a path says 404, too; a registry says why.
  const { error_code: code } = (value ?? {}) as { readonly error_code?: unknown };
  if (answer.status === 404 && typeof code === 'number') return undefined;
  throw unexpected(address, answer);
}

/** @returns what to throw when an answer is not as it should be. */
export const unexpected = (address: RegistryAddress, answer: RegistryAnswer): SchemaRegistryError =>
  noAnswer(address, inWords(answer), isRetryableStatus(answer.status));

export const isSuccess = ({ status }: RegistryAnswer): boolean => status >= 200 && status < 300;

const inWords = ({ status, text }: RegistryAnswer): string =>
  `what answers there says ${String(status)} (${inOneLine(text)})${status === 404 ? ': is the path right?' : ''}`;

const noAnswer = (
  { url }: RegistryAddress,
  reason: string,
  retryable: boolean,
  options?: ErrorOptions,
): SchemaRegistryError =>
  new SchemaRegistryError(
    `Expected to reach the schema registry at ${url}, but ${reason}`,
    'RKT1101',
    retryable,
    options,
  );

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A time limit says that it was aborted; what happened stands in its cause. */
function reasonOf(error: unknown): string {
  const { name, message, code, cause } = error as NodeJS.ErrnoException;
  if (cause instanceof Error && code === 'ABORT_ERR') return `${cause.name}: ${cause.message}`;
  return message === '' || message === code ? (code ?? name) : `${code ?? name}: ${message}`;
}
