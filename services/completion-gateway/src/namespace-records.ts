import { setTimeout as pause } from 'node:timers/promises';
import { checkNewNamespace, type Namespace } from '@ratchet/domain';
import { PoisonousRecordError, type InputRecord, type Log } from '@ratchet/kafka';
import { readable } from '@ratchet/protocol';
import type { Codec } from '@ratchet/schemas';
import type { NamespaceDirectory } from './front-door/namespace-directory.ts';

export interface NamespaceRecordsParts {
  readonly codec: Pick<Codec, 'decodeNamespace'>;
  readonly directory: Pick<NamespaceDirectory, 'put' | 'remove'>;
  readonly log: Log;
  /** Until a registry that is away is asked again; 1 s by default. */
  readonly registryPauseMs?: number;
}

/**
 * Brings the records of the topic into the directory, one after the other: the latest record of a name is the truth,
 * however long the schema of an earlier one took to come.
 */
export class NamespaceRecords {
  readonly #parts: NamespaceRecordsParts;
  readonly #stopped = new AbortController();
  #reading: Promise<void> = Promise.resolve();

  constructor(parts: NamespaceRecordsParts) {
    this.#parts = parts;
  }

  /** Resolves once all that was taken before is in the directory. */
  get settled(): Promise<void> {
    return this.#reading;
  }

  /** @throws PoisonousRecordError (rejects) when it can never be read; the next ones are read all the same. */
  take(record: InputRecord): Promise<void> {
    const reading = this.#reading.then(() => this.#read(record));
    this.#reading = reading.catch(() => undefined);
    return reading;
  }

  stop(): void {
    this.#stopped.abort();
  }

  /** A registry that is away is asked again, a definite answer is final. */
  async #read({ key, value }: InputRecord): Promise<void> {
    const { codec, directory, log, registryPauseMs = 1_000 } = this.#parts;
    const { signal } = this.#stopped;
    if (value === null) {
      if (key !== null) directory.remove(key);
      return;
    }
    while (!signal.aborted) {
      try {
        directory.put(checked(key, await readable((bytes) => codec.decodeNamespace(bytes), value)));
        return;
      } catch (error) {
        if (error instanceof PoisonousRecordError) throw error;
        log('error', `a namespace cannot be read yet: ${String(error)}`, { key });
        await pause(registryPauseMs, undefined, { signal }).catch(() => undefined);
      }
    }
  }
}

/** What no gateway writes: starts would be stamped with it, and no later record of the name would take its place for good. */
function checked(key: string | null, namespace: Namespace): Namespace {
  const wrong =
    key === namespace.name
      ? checkNewNamespace(namespace)?.message
      : `its key is ${JSON.stringify(key)}, and its name ${JSON.stringify(namespace.name)}`;
  if (wrong !== undefined) throw new PoisonousRecordError(`Expected to read a namespace, but ${wrong}`);
  return namespace;
}
