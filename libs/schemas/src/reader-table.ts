import { readerOf, type RecordReader } from './avro/record-reader.ts';
import type { RecordName } from './subject.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

/**
 * Brings the schema of an id that a record of one of these kinds was written with.
 *
 * @throws UnreadableRecordError (rejects) when it is none of theirs; anything else while nobody can tell.
 */
export type FetchSchema = (id: number, records: readonly RecordName[]) => Promise<string>;

/** Of how many schemas it is remembered that they cannot be read. */
const unreadableCountMax = 1_000;

/**
 * The readers of all schema ids met so far. Ids are for ever, so what is known of one is kept. That an id is unknown is
 * not: it may be registered the next moment, and `FetchSchema` sees to it that strangers do not have it asked for ever.
 */
export class ReaderTable {
  readonly #readers: Map<number, RecordReader>;
  readonly #unreadable = new Map<number, UnreadableRecordError>();
  /** By id and what was expected: the same id may be none of commands, and one of replies. */
  readonly #underWay = new Map<string, Promise<RecordReader>>();
  readonly #fetchSchema: FetchSchema;

  constructor(known: Iterable<readonly [number, RecordReader]>, fetchSchema: FetchSchema) {
    this.#readers = new Map(known);
    this.#fetchSchema = fetchSchema;
  }

  /**
   * @param expected the kinds of record that may come.
   * @returns the reader, or a promise of it when the registry must be asked.
   * @throws UnreadableRecordError (or rejects with it) when the id has no schema of ours.
   */
  find(id: number, expected: { keys(): Iterable<RecordName> }): RecordReader | Promise<RecordReader> {
    const known = this.#readers.get(id);
    if (known !== undefined) return known;
    const unreadable = this.#unreadable.get(id);
    if (unreadable !== undefined) throw unreadable;
    const records = [...expected.keys()];
    const key = `${String(id)} ${records.join()}`;
    const underWay = this.#underWay.get(key);
    if (underWay !== undefined) return underWay;
    const asked = this.#ask(id, records).finally(() => this.#underWay.delete(key));
    this.#underWay.set(key, asked);
    return asked;
  }

  async #ask(id: number, records: readonly RecordName[]): Promise<RecordReader> {
    const schema = await this.#fetchSchema(id, records);
    try {
      const reader = readerOf(schema);
      this.#readers.set(id, reader);
      return reader;
    } catch (error) {
      if (error instanceof UnreadableRecordError) this.#remember(id, error);
      throw error;
    }
  }

  #remember(id: number, error: UnreadableRecordError): void {
    const oldest = this.#unreadable.keys().next();
    if (this.#unreadable.size >= unreadableCountMax && oldest.done !== true) this.#unreadable.delete(oldest.value);
    this.#unreadable.set(id, error);
  }
}
