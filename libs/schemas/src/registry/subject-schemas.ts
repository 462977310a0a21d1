import type { RecordName, Subject } from '../subject.ts';
import { UnreadableRecordError } from '../unreadable-record-error.ts';

/** What is asked of a registry. Each rejects with a retryable `SchemaRegistryError` while it is away. */
export interface SubjectRegistry {
  /** The versions of a subject; none when there is no such subject. */
  readonly versionsOf: (subject: string) => Promise<readonly number[]>;
  /** The id of a version; `undefined` when it was deleted meanwhile. */
  readonly idOf: (subject: string, version: number) => Promise<number | undefined>;
  readonly schemaOf: (id: number) => Promise<string | undefined>;
}

/** Looks at a subject that strangers' ids may cause: so many at once, and then one for each interval. */
const looksMax = 10;
const lookIntervalMs = 1_000;

/**
 * The schemas that are registered under our own subjects, and no others: whoever can reach the registry may register a
 * schema of one of our names under a subject of theirs.
 *
 * An id that was not met before costs one look at its subject, however many such ids come meanwhile. Who sends another one
 * with every record has the registry looked at once a second: in between, an id that the last look did not show is unknown.
 */
export class SubjectSchemas {
  readonly #registry: SubjectRegistry;
  readonly #subjects: ReadonlyMap<RecordName, readonly SubjectIds[]>;

  constructor(registry: SubjectRegistry, subjects: readonly Subject[], monotonicMs = (): number => performance.now()) {
    this.#registry = registry;
    this.#subjects = Map.groupBy(
      subjects.map((subject) => new SubjectIds(subject, registry, monotonicMs)),
      ({ record }) => record,
    );
  }

  /**
   * The schema that a record of one of these kinds was written with.
   *
   * @throws UnreadableRecordError (rejects) when the id is none of theirs; SchemaRegistryError `RKT1101` while the registry
   * is away.
   */
  readonly find = async (id: number, records: readonly RecordName[]): Promise<string> => {
    const subjects = records.flatMap((record) => this.#subjects.get(record) ?? []);
    const isOurs = (): boolean => subjects.some((subject) => subject.has(id));
    if (!isOurs()) await Promise.all(subjects.map((subject) => subject.look()));
    const schema = isOurs() ? await this.#registry.schemaOf(id) : undefined;
    if (schema !== undefined) return schema;
    const names = subjects.map(({ name }) => name).join(' or ');
    throw new UnreadableRecordError(`no schema ${String(id)} is registered under ${names}`);
  };
}

/** The ids of all versions of one subject, as of the last look. */
class SubjectIds {
  readonly record: RecordName;
  readonly name: string;
  readonly #registry: SubjectRegistry;
  readonly #monotonicMs: () => number;
  /** By version, which keeps its id for ever. */
  readonly #ids = new Map<number, number>();
  /** Absent until the registry has told of the subject. */
  #known: ReadonlySet<number> | undefined;
  #looking: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  #looksLeft = looksMax;
  #countedAtMs: number;

  constructor({ record, name }: Subject, registry: SubjectRegistry, monotonicMs: () => number) {
    this.record = record;
    this.name = name;
    this.#registry = registry;
    this.#monotonicMs = monotonicMs;
    this.#countedAtMs = monotonicMs();
  }

  has(id: number): boolean {
    return this.#known?.has(id) === true;
  }

  /**
   * Whatever was registered before the call is known when this resolves, unless the registry was looked at too often: a
   * look that is under way may have missed it, so the next one is waited for.
   */
  async look(): Promise<void> {
    if (this.#next !== undefined) return this.#next;
    if (!this.#mayLook()) return this.#looking;
    if (this.#looking === undefined) return (this.#looking = this.#look());
    this.#next = this.#looking
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return (this.#looking = this.#look());
      });
    return this.#next;
  }

  #mayLook(): boolean {
    if (this.#known === undefined) return true;
    const now = this.#monotonicMs();
    this.#looksLeft = Math.min(looksMax, this.#looksLeft + (now - this.#countedAtMs) / lookIntervalMs);
    this.#countedAtMs = now;
    if (this.#looksLeft < 1) return false;
    this.#looksLeft -= 1;
    return true;
  }

  async #look(): Promise<void> {
    try {
      for (const version of await this.#registry.versionsOf(this.name)) {
        if (this.#ids.has(version)) continue;
        const id = await this.#registry.idOf(this.name, version);
        if (id !== undefined) this.#ids.set(version, id);
      }
      this.#known = new Set(this.#ids.values());
    } finally {
      this.#looking = undefined;
    }
  }
}
