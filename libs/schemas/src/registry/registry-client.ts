import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry';
import type avsc from 'avsc';
import type { Subject } from '../subject.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';
import { ensureCompatibility } from './ensure-compatibility.ts';
import type { RegistryAddress } from './registry-address.ts';
import { AnswerTooLargeError, askRegistry, unexpected, valueIn } from './registry-request.ts';
import { inOneLine, isRetryableStatus, SchemaRegistryError, statusOf } from './schema-registry-error.ts';
import type { SubjectRegistry } from './subject-schemas.ts';

const clientId = 'ratchet';
/** Says which fields of which schema are not compatible, and why. */
const refusalLengthMax = 4_000;

/**
 * The registry, asked at boot and for ids not met before; never for a record.
 *
 * The client of kafkajs has no timeout, retries on its own, and reports a refused connection as status 400: here a
 * request has a time limit, fails once, and only a 404 counts as the registry's word.
 */
export class RegistryClient implements SubjectRegistry {
  readonly #address: RegistryAddress;
  readonly #timeoutMs: number;
  readonly #registry: SchemaRegistry;

  /** @param timeoutMs how long one request may take, in milliseconds. */
  constructor(address: RegistryAddress, timeoutMs: number) {
    this.#address = address;
    this.#timeoutMs = timeoutMs;
    this.#registry = new SchemaRegistry({
      host: address.url,
      clientId,
      ...(address.agent === undefined ? {} : { agent: address.agent }),
      retry: { retries: 0 },
      middlewares: [
        () => ({
          prepareRequest: (next) =>
            next().then((request) => {
              const authorization = address.authorization();
              const headers = authorization === undefined ? {} : { authorization };
              return request.enhance({ timeout: timeoutMs, headers });
            }),
        }),
      ],
    });
  }

  /**
   * Registers a schema, or finds that it is registered.
   *
   * @returns its id.
   * @throws SchemaRegistryError `RKT1102` with the registry's own reason when it is not compatible with its former
   * versions; `RKT1101` when there is no answer.
   */
  async register(subject: Subject): Promise<number> {
    await ensureCompatibility(this.#address, subject, this.#timeoutMs);
    try {
      const { id } = await this.#registry.register(
        { type: SchemaType.AVRO, schema: subject.schema },
        { subject: subject.name, compatibility: COMPATIBILITY[subject.compatibility] },
      );
      return id;
    } catch (error) {
      throw registrationError(subject, error);
    }
  }

  /**
   * The id of a schema that a service has registered. Reads only.
   *
   * @throws SchemaRegistryError `RKT1103`, retryable, when it is not registered; `RKT1101` when there is no answer.
   */
  async idOfSchema({ name, schema }: Subject): Promise<number> {
    const request = { path: `/subjects/${encodeURIComponent(name)}`, timeoutMs: this.#timeoutMs };
    const answer = await askRegistry(this.#address, { ...request, method: 'POST', body: { schema } });
    const found = valueIn(this.#address, answer);
    if (found === undefined) throw notRegistered(this.#address, name);
    const { id } = found as { readonly id?: unknown };
    if (typeof id !== 'number') throw unexpected(this.#address, answer);
    return id;
  }

  readonly versionsOf = async (subject: string): Promise<readonly number[]> => {
    const versions = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions`);
    return Array.isArray(versions) ? (versions as number[]) : [];
  };

  readonly idOf = async (subject: string, version: number): Promise<number | undefined> => {
    const found = await this.#get(`/subjects/${encodeURIComponent(subject)}/versions/${String(version)}`);
    const { id } = (found ?? {}) as { readonly id?: unknown };
    return typeof id === 'number' ? id : undefined;
  };

  /** What stands at a path; `undefined` when the registry says that there is nothing. */
  async #get(path: string): Promise<unknown> {
    return valueIn(this.#address, await askRegistry(this.#address, { path, timeoutMs: this.#timeoutMs }));
  }

  /**
   * The Avro schema of an id; `undefined` when the registry has none.
   *
   * @throws UnreadableRecordError when it is not an Avro schema.
   * @throws SchemaRegistryError `RKT1101`, retryable, when there is no answer.
   */
  readonly schemaOf = async (id: number): Promise<string | undefined> => {
    const found = await this.#get(`/schemas/ids/${String(id)}`).catch((error: unknown) => {
      if (!isTooLarge(error)) throw error;
      throw new UnreadableRecordError(`schema ${String(id)} is too large`, { cause: error });
    });
    if (found === undefined) return undefined;
    const { schema, schemaType = avro, references = [] } = found as FoundSchema;
    if (schemaType !== avro || typeof schema !== 'string')
      throw new UnreadableRecordError(`schema ${String(id)} is not one of Avro`);
    return references.length === 0 ? schema : this.#wholeSchemaOf(id);
  };

  /** With what it refers to in it. */
  async #wholeSchemaOf(id: number): Promise<string | undefined> {
    try {
      const found = await this.#registry.getSchema(id);
      if (!isAvroType(found)) throw new UnreadableRecordError(`schema ${String(id)} is not one of Avro`);
      return JSON.stringify(found.schema({ exportAttrs: true }));
    } catch (error) {
      if (error instanceof UnreadableRecordError) throw error;
      const status = statusOf(error);
      if (status === 404) return undefined;
      // What has no status was thrown while the answer was made into a type.
      if (status === undefined)
        throw new UnreadableRecordError(`schema ${String(id)} is not one of Avro: ${String(error)}`, { cause: error });
      const message = `Expected to fetch schema ${String(id)} from ${this.#address.url}, but ${inOneLine(String(error))}`;
      throw new SchemaRegistryError(message, 'RKT1101', true, { cause: error });
    }
  }
}

const isTooLarge = (error: unknown): boolean => error instanceof Error && error.cause instanceof AnswerTooLargeError;

const avro: string = SchemaType.AVRO;

interface FoundSchema {
  readonly schema?: unknown;
  readonly schemaType?: string;
  readonly references?: readonly unknown[];
}

const isAvroType = (found: object): found is Pick<avsc.Type, 'schema'> => 'schema' in found;

const notRegistered = ({ url }: RegistryAddress, subject: string): SchemaRegistryError =>
  new SchemaRegistryError(
    `Expected to find this version's schema of ${subject} at ${url}, but it is not registered: services of this version register it when they start`,
    'RKT1103',
    true,
  );

function registrationError(subject: Subject, error: unknown): SchemaRegistryError {
  const status = statusOf(error);
  const isRefused = status === undefined || status === 409 || status === 422;
  const [code, retryable] = isRefused
    ? (['RKT1102', false] as const)
    : (['RKT1101', isRetryableStatus(status)] as const);
  // The client puts its id before the registry's own words.
  const reason = inOneLine(
    (error instanceof Error ? error.message : String(error)).replace(`${clientId} - `, ''),
    isRefused ? refusalLengthMax : undefined,
  );
  return new SchemaRegistryError(
    `Expected to register the schema of ${subject.name}, but the registry says: ${reason}`,
    code,
    retryable,
    { cause: error },
  );
}
