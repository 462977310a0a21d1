import { setTimeout as pause } from 'node:timers/promises';
import type { Subject } from '../subject.ts';
import type { RegistryAddress } from './registry-address.ts';
import { askRegistry, isSuccess, unexpected, valueIn, type RegistryAnswer } from './registry-request.ts';
import { SchemaRegistryError } from './schema-registry-error.ts';

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
  address: RegistryAddress,
  subject: Subject,
  timeoutMs: number,
): Promise<void> {
  const { name, compatibility } = subject;
  const request = { path: `/config/${encodeURIComponent(name)}`, timeoutMs };
  let refused: RegistryAnswer | undefined;
  for (let attempt = 1; attempt <= attemptsMax; attempt += 1) {
    const current = currentLevel(address, await askRegistry(address, request));
    if (current === compatibility) return;
    if (current !== undefined && current !== 'NONE') throw otherLevel(subject, current);
    // Two processes that do this at once may be refused by the registry; the second look finds it done.
    refused = await askRegistry(address, { ...request, method: 'PUT', body: { compatibility } });
    if (isSuccess(refused)) return;
    await pause(pauseMs);
  }
  throw unexpected(address, refused ?? { status: 0, text: 'it was not asked' });
}

/** `undefined` when the subject has none of its own. */
function currentLevel(address: RegistryAddress, answer: RegistryAnswer): string | undefined {
  const found = valueIn(address, answer);
  if (found === undefined) return undefined;
  const { compatibilityLevel: level } = (found ?? {}) as { readonly compatibilityLevel?: unknown };
  if (typeof level === 'string') return level.toUpperCase();
  throw unexpected(address, answer);
}

const otherLevel = ({ name, compatibility }: Subject, current: string): SchemaRegistryError =>
  new SchemaRegistryError(
    `Expected to register the schema of ${name}, but its compatibility is ${current} and not ${compatibility}`,
    'RKT1102',
    false,
  );
