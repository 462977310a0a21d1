import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Principal, Role } from '../front-door/caller.ts';
import { principalOf, type Grant } from './authorise.ts';

/** One API key as it is configured: never the key itself. */
export interface ApiKey {
  /** Who holds it; for logs. */
  readonly name: string;
  /** `sha256:` and 64 hexadecimal digits. A key has at least 32 random characters, so that no slower hash is needed. */
  readonly hash: string;
  readonly grants: readonly Grant[];
}

const roleSchema: z.ZodType<Role, Role> = z.enum(['reader', 'worker', 'writer', 'admin']);

/** `[{"name": "billing", "hash": "sha256:...", "namespaces": {"default": "writer"}}]`; namespace `*` is every one. */
export const apiKeysSchema: z.ZodType<readonly ApiKey[]> = z
  .array(
    z
      .strictObject({
        name: z.string().min(1).max(200),
        hash: z.string().regex(/^sha256:[0-9a-f]{64}$/i),
        namespaces: z.record(z.string().min(1), roleSchema),
      })
      .transform(({ name, hash, namespaces }) => ({
        name,
        hash: hash.toLowerCase(),
        grants: Object.entries(namespaces).map(([namespace, role]) => ({ namespace, role })),
      })),
  )
  // Else the first of two would count, and who has which right, or whose call it was, nobody could tell.
  .refine((keys) => areAllDifferent(keys.map(({ name }) => name)), 'names are taken once')
  .refine((keys) => areAllDifferent(keys.map(({ hash }) => hash)), 'a key has one name');

const areAllDifferent = (texts: readonly string[]): boolean => new Set(texts).size === texts.length;

/** What is written into the configuration for a key. */
export const apiKeyHash = (key: string): string => `sha256:${createHash('sha256').update(key).digest('hex')}`;

/** The holder of a key. Comparing hashes tells a guesser nothing about the key. */
export function findApiKey(keys: readonly ApiKey[], credential: string): Principal | undefined {
  if (keys.length === 0) return undefined;
  const hash = apiKeyHash(credential);
  const found = keys.find((key) => key.hash === hash);
  return found === undefined ? undefined : principalOf('api-key', found.name, found.grants);
}
