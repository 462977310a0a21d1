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
  /** How long to go on asking a registry that does not answer, in milliseconds; 15 s when absent. */
  readonly waitMs?: number;
  /** What to register; everything when absent. */
  readonly subjects?: readonly Subject[];
}

const waitMsDefault = 15_000;
const pauseMs = 250;

/**
 * Registers every schema and makes the codec that writes with their ids.
 *
 * @throws SchemaRegistryError `RKT1101` when the registry does not answer in time, `RKT1102` with the registry's own
 * reason when it refuses a schema.
 */
export async function createCodec(options: CodecOptions): Promise<Codec> {
  const { registryUrl, log, waitMs = waitMsDefault, subjects = allSubjects } = options;
  const registry = new RegistryClient(registryUrl);
  const deadlineMs = performance.now() + waitMs;

  for (;;) {
    try {
      const ids = await Promise.all(
        subjects.map(async (subject) => [subject.record, await registry.register(subject)] as const),
      );
      log?.info({ schemaIds: Object.fromEntries(ids) }, 'schemas are registered');
      return new Codec(new Map(ids), registry.schemaOf);
    } catch (error) {
      const isFinal = !(error instanceof SchemaRegistryError) || !error.retryable || performance.now() >= deadlineMs;
      if (isFinal) throw error;
      log?.warn({ err: error }, 'the schema registry does not answer, trying again');
      await pause(pauseMs);
    }
  }
}
