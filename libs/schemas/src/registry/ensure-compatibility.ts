import { setTimeout as pause } from 'node:timers/promises';
import type { Subject } from '../subject.ts';
import { isRetryableStatus, SchemaRegistryError } from './schema-registry-error.ts';

const attemptsMax = 5;
const pauseMs = 100;

/**
 * Sets a subject's compatibility before its first schema is there.
 *
 * The registry client sets it after the first registration, and refuses a subject that has none: whoever died in
 * between, or looks at that moment from another process, would never start.
 *
 * @throws SchemaRegistryError `RKT1102` when the subject has another compatibility, `RKT1101` when there is no answer.
 */
export async function ensureCompatibility(url: string, subject: Subject, timeoutMs: number): Promise<void> {
  const { name, compatibility } = subject;
  const request = async (method: 'GET' | 'PUT', body?: string): Promise<Response> => {
    try {
      return await fetch(`${url.replace(/\/+$/, '')}/config/${encodeURIComponent(name)}`, {
        method,
        headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
        ...(body === undefined ? {} : { body }),
        signal: AbortSignal.timeout(timeoutMs),
      });
    } catch (error) {
      throw noAnswer(url, reasonOf(error), true, error);
    }
  };

  let refusal = '';
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const current = await currentLevel(url, await request('GET'));
    if (current === compatibility) return;
    if (current !== undefined && current !== 'NONE') throw otherLevel(subject, current);
    // Two processes that do this at once may be refused by the registry; the second look finds it done.
    const answer = await request('PUT', JSON.stringify({ compatibility }));
    if (answer.ok) return;
    refusal = `it answers ${String(answer.status)}: ${await answer.text()}`;
    await pause(pauseMs);
  }
  throw noAnswer(url, refusal, true);
}

async function currentLevel(url: string, answer: Response): Promise<string | undefined> {
  if (answer.status === 404) return undefined;
  if (!answer.ok)
    throw noAnswer(
      url,
      `it answers ${String(answer.status)}: ${await answer.text()}`,
      isRetryableStatus(answer.status),
    );
  const { compatibilityLevel } = (await answer.json()) as { readonly compatibilityLevel?: string };
  return compatibilityLevel?.toUpperCase();
}

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
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
  if (!(cause instanceof Error)) return String(cause);
  const code = 'code' in cause && typeof cause.code === 'string' ? cause.code : cause.name;
  return cause.message === '' ? code : `${code}: ${cause.message}`;
}
