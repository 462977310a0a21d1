import { setTimeout as pause } from 'node:timers/promises';
import { Codec } from './codec.ts';
import { RegistryClient } from './registry/registry-client.ts';
import { SchemaRegistryError } from './registry/schema-registry-error.ts';
import { subjects as allSubjects, type Subject } from './subject.ts';

/** Where the codec says what it did; pino's shape. */
export interface CodecLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface CodecOptions {
  /** The root of a Confluent-compatible API. */
  readonly registryUrl: string;
  readonly log?: CodecLog;
  /** How long to go on asking a registry that does not answer, in milliseconds; a minute when absent. */
  readonly waitMs?: number;
  /** What to register; everything when absent. */
  readonly subjects?: readonly Subject[];
}

const waitMsDefault = 60_000;
const pauseMs = 250;

/**
 * Registers every schema and makes the codec that writes with their ids.
 *
 * @throws SchemaRegistryError `RKT1101` when the registry does not answer in time, or its address is no URL; `RKT1102`
 * with the registry's own reason when it refuses a schema.
 */
export async function createCodec(options: CodecOptions): Promise<Codec> {
  const { registryUrl, log, waitMs = waitMsDefault, subjects = allSubjects } = options;
  const registry = new RegistryClient(checkedUrl(registryUrl));
  const deadlineMs = performance.now() + waitMs;
  const ids = new Map(
    await Promise.all(
      subjects.map(async (subject) => [subject.record, await register(registry, subject, deadlineMs, log)] as const),
    ),
  );
  log?.info({ schemaIds: Object.fromEntries(ids) }, 'schemas are registered');
  return new Codec(ids, registry.schemaOf);
}

async function register(
  registry: RegistryClient,
  subject: Subject,
  deadlineMs: number,
  log: CodecLog | undefined,
): Promise<number> {
  for (;;) {
    try {
      return await registry.register(subject);
    } catch (error) {
      const isFinal = !(error instanceof SchemaRegistryError) || !error.retryable || performance.now() >= deadlineMs;
      if (isFinal) throw error;
      log?.warn({ reason: error.message }, 'the schema registry does not answer, trying again');
      await pause(pauseMs);
    }
  }
}

function checkedUrl(given: unknown): string {
  if (typeof given === 'string' && /^https?:/.test(given) && URL.canParse(given)) return given;
  throw new SchemaRegistryError(
    `Expected the schema registry's address as a URL such as 'http://localhost:8081/apis/ccompat/v7', but it is ` +
      (typeof given === 'string' ? `'${given}'` : `of type ${typeof given}`),
    'RKT1101',
    false,
  );
}
