import { setTimeout as pause } from 'node:timers/promises';
import type { Subject } from '../subject.ts';
import type { RegistryAddress } from './registry-address.ts';
import { inOneLine, isRetryableStatus, SchemaRegistryError } from './schema-registry-error.ts';

const attemptsMax = 5;
const pauseMs = 100;

/**
 * Sets a subject's compatibility before its first schema is there.
 *
 * The registry client sets it after the first registration, and refuses a subject that has none: whoever died in
 * between, or looks at that moment from another process, would never start.
 *
 * @throws SchemaRegistryError `RKT1102` when the subject has another compatibility, `RKT1101` when there is no answer, or
 * not one of a registry.
 */
export async function ensureCompatibility(
  { url, credentials }: RegistryAddress,
  subject: Subject,
  timeoutMs: number,
): Promise<void> {
  const { name, compatibility } = subject;
  const authorization =
    credentials === undefined
      ? {}
      : { authorization: `Basic ${base64(`${credentials.username}:${credentials.password}`)}` };
  const request = async (method: 'GET' | 'PUT', body?: string): Promise<Answer> => {
    try {
      const answer = await fetch(`${url}/config/${encodeURIComponent(name)}`, {
        method,
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...authorization },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return { status: answer.status, text: await answer.text() };
    } catch (error) {
      throw noAnswer(url, reasonOf(error), true, error);
    }
  };

  let refused: Answer | undefined;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const current = currentLevel(url, await request('GET'));
    if (current === compatibility) return;
    if (current !== undefined && current !== 'NONE') throw otherLevel(subject, current);
    // Two processes that do this at once may be refused by the registry; the second look finds it done.
    refused = await request('PUT', JSON.stringify({ compatibility }));
    if (isSuccess(refused)) return;
    await pause(pauseMs);
  }
  throw noAnswer(url, refused === undefined ? 'it was not asked' : inWords(refused), true);
}

const base64 = (text: string): string => Buffer.from(text).toString('base64');

interface Answer {
  readonly status: number;
  readonly text: string;
}

const isSuccess = ({ status }: Answer): boolean => status >= 200 && status < 300;

/** `undefined` when the subject has none of its own. */
function currentLevel(url: string, answer: Answer): string | undefined {
  const body = objectIn(answer.text);
  // A server without such a path says 404, too; a registry says why.
  if (answer.status === 404 && typeof body?.['error_code'] === 'number') return undefined;
  if (!isSuccess(answer)) throw noAnswer(url, inWords(answer), isRetryableStatus(answer.status));
  const level = body?.['compatibilityLevel'];
  if (typeof level === 'string') return level.toUpperCase();
  throw noAnswer(url, inWords(answer), true);
}

function objectIn(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

const inWords = ({ status, text }: Answer): string =>
  `what answers there says ${String(status)} (${inOneLine(text)})${status === 404 ? ': is the path right?' : ''}`;

const noAnswer = (url: string, reason: string, retryable: boolean, cause?: unknown): SchemaRegistryError =>
  new SchemaRegistryError(`Expected to reach the schema registry at ${url}, but ${reason}`, 'RKT1101', retryable, {
    cause,
  });

const otherLevel = ({ name, compatibility }: Subject, current: string): SchemaRegistryError =>
  new SchemaRegistryError(
    `Expected to register the schema of ${name}, but its compatibility is ${current} and not ${compatibility}`,
    'RKT1102',
    false,
  );

// fetch says "fetch failed"; what happened stands in its cause.
function reasonOf(error: unknown): string {
  const { name, message, cause } = error as Error;
  const { code = name, message: reason = message } = (cause ?? {}) as {
    readonly code?: string;
    readonly message?: string;
  };
  return reason === '' ? code : `${code}: ${reason}`;
}
