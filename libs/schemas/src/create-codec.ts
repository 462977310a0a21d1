import { setTimeout as pause } from 'node:timers/promises';
import { Codec } from './codec.ts';
import { registryAddress, type RegistryAccess } from './registry/registry-address.ts';
import { RegistryClient } from './registry/registry-client.ts';
import { SchemaRegistryError } from './registry/schema-registry-error.ts';
import { SubjectSchemas } from './registry/subject-schemas.ts';
import { subjects as allSubjects, type RecordName, type Subject } from './subject.ts';

/** Where the codec says what it did; pino's shape. */
export interface CodecLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface CodecOptions {
  /** The root of a Confluent-compatible API, with user and password where it wants them; or how it is asked besides. */
  readonly registry: string | RegistryAccess;
  /** What the subjects of this installation begin with in a registry that several share; none by default. */
  readonly prefix?: string | undefined;
  readonly log?: CodecLog;
  /** How long to go on asking a registry that does not answer, in milliseconds: 15 s when absent, or for ever. */
  readonly waitMs?: number;
  /** Aborted: nobody waits any more. */
  readonly signal?: AbortSignal;
  /** What to register; everything when absent. */
  readonly subjects?: readonly Subject[];
  /**
   * For who may only read the registry: nothing is registered. The schemas of these records are looked up, with one call each;
   * others cannot be written, and are read by what the registry says of their ids.
   */
  readonly lookUp?: readonly RecordName[];
}

const waitMsDefault = 15_000;
/** How long one request may take. */
const requestMsMax = 15_000;
const pauseMsMin = 250;
const pauseMsMax = 5_000;
/** Between two lines of the log that say the same; each gap is twice as long as the one before. */
const sayAgainMsMin = 60_000;
const sayAgainMsMax = 3_600_000;

/**
 * Registers every schema, or looks up those that `lookUp` names, and makes the codec that writes with their ids.
 *
 * @throws SchemaRegistryError `RKT1101` when the registry does not answer in time, or its address is no URL; `RKT1102`
 * with the registry's own reason when it refuses a schema; `RKT1103` when one that was looked up is not registered in
 * time. The signal's reason (rejects) when it is aborted.
 */
export async function createCodec(options: CodecOptions): Promise<Codec> {
  const { registry: given, prefix = '', log, waitMs = waitMsDefault, lookUp } = options;
  const subjects = (options.subjects ?? allSubjects).map((subject) => ({ ...subject, name: prefix + subject.name }));
  const address = registryAddress(given);
  const registry = new RegistryClient(address, Math.min(waitMs, requestMsMax));
  const ask = async (): Promise<Ids> =>
    lookUp === undefined
      ? idsOf(subjects, (subject) => registry.register(subject))
      : idsOf(
          subjects.filter(({ record }) => lookUp.includes(record)),
          (subject) => registry.idOfSchema(subject),
        );
  const ids = await askPatiently(ask, { ...options, url: address.url, waitMs });
  if (lookUp === undefined) log?.info({ schemaIds: Object.fromEntries(ids) }, 'schemas are registered');
  return new Codec(ids, new SubjectSchemas(registry, subjects).find);
}

type Ids = ReadonlyMap<Subject['record'], number>;

async function askPatiently(
  ask: () => Promise<Ids>,
  {
    url,
    waitMs,
    log,
    signal,
  }: Pick<CodecOptions, 'log' | 'signal'> & { readonly url: string; readonly waitMs: number },
): Promise<Ids> {
  const deadline = deadlineAfter(waitMs, url);
  const given = AbortSignal.any([deadline.signal, ...(signal === undefined ? [] : [signal])]);
  let [sayAt, sayAgainMs] = [0, sayAgainMsMin];
  try {
    for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(pauseMs * 1.5, pauseMsMax)) {
      try {
        return await untilAborted(ask(), given);
      } catch (error) {
        if (!(error instanceof SchemaRegistryError) || !error.retryable || given.aborted) throw error;
        // Who does not wait for ever tells its caller.
        if (waitMs === Infinity && performance.now() >= sayAt) {
          log?.warn({}, `waiting for the schema registry: ${error.message}`);
          [sayAt, sayAgainMs] = [performance.now() + sayAgainMs, Math.min(sayAgainMs * 2, sayAgainMsMax)];
        }
        deadline.lastError = error;
        await untilAborted(pause(pauseMs), given);
      }
    }
  } finally {
    deadline.cancel();
  }
}

/** All at once: the first that fails tells why. */
const idsOf = async (subjects: readonly Subject[], idOf: (subject: Subject) => Promise<number>): Promise<Ids> =>
  new Map(await Promise.all(subjects.map(async (subject) => [subject.record, await idOf(subject)] as const)));

interface Deadline {
  readonly signal: AbortSignal;
  /** What the signal is aborted with. */
  lastError: Error;
  cancel(): void;
}

function deadlineAfter(waitMs: number, url: string): Deadline {
  const controller = new AbortController();
  const timer = waitMs === Infinity ? undefined : setTimeout(() => controller.abort(deadline.lastError), waitMs);
  const deadline: Deadline = {
    signal: controller.signal,
    lastError: new SchemaRegistryError(
      `Expected to reach the schema registry at ${url}, but it has not answered within ${String(waitMs / 1000)} s`,
      'RKT1101',
      true,
    ),
    cancel: () => {
      clearTimeout(timer);
    },
  };
  return deadline;
}

/** Rejects with the signal's reason. */
function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = (): void => {
    reject(signal.reason as Error);
  };
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  work.then(resolve, reject).finally(() => {
    signal.removeEventListener('abort', abort);
  });
  return promise;
}
