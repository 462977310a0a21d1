import { readerOf, type RecordReader } from './avro/record-reader.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

/** Brings the schema of an id; `undefined` is the registry's word that there is none. Rejects while the registry is away. */
export type FetchSchema = (id: number) => Promise<string | undefined>;

/** How long the word that an id cannot be read is kept, in milliseconds. */
const verdictMsMax = 30_000;
const verdictCountMax = 1_000;

interface Verdict {
  readonly error: UnreadableRecordError;
  readonly validUntilMs: number;
}

/**
 * The readers of all schema ids met so far. Ids are for ever, so a reader is kept; that an id is unknown is kept for a
 * while only, and for few ids, or one poisonous record would ask the registry for ever and many would fill the memory.
 */
export class ReaderTable {
  readonly #readers: Map<number, RecordReader>;
  readonly #verdicts = new Map<number, Verdict>();
  readonly #underWay = new Map<number, Promise<RecordReader>>();
  readonly #fetchSchema: FetchSchema;
  readonly #monotonicMs: () => number;

  constructor(
    known: Iterable<readonly [number, RecordReader]>,
    fetchSchema: FetchSchema,
    monotonicMs = (): number => performance.now(),
  ) {
    this.#readers = new Map(known);
    this.#fetchSchema = fetchSchema;
    this.#monotonicMs = monotonicMs;
  }

  /**
   * @returns the reader, or a promise of it when the registry must be asked.
   * @throws UnreadableRecordError (or rejects with it) when the id has no schema, or none of ours.
   */
  find(id: number): RecordReader | Promise<RecordReader> {
    const known = this.#readers.get(id);
    if (known !== undefined) return known;
    const verdict = this.#verdicts.get(id);
    if (verdict !== undefined && this.#monotonicMs() < verdict.validUntilMs) throw verdict.error;
    const underWay = this.#underWay.get(id);
    if (underWay !== undefined) return underWay;
    const asked = this.#ask(id).finally(() => this.#underWay.delete(id));
    this.#underWay.set(id, asked);
    return asked;
  }

  async #ask(id: number): Promise<RecordReader> {
    try {
      const schema = await this.#fetchSchema(id);
      if (schema === undefined) throw new UnreadableRecordError(`the registry knows no schema ${String(id)}`);
      const reader = readerOf(schema);
      this.#readers.set(id, reader);
      return reader;
    } catch (error) {
      if (error instanceof UnreadableRecordError) this.#remember(id, error);
      throw error;
    }
  }

  #remember(id: number, error: UnreadableRecordError): void {
    this.#verdicts.delete(id);
    const oldest = this.#verdicts.keys().next();
    if (this.#verdicts.size >= verdictCountMax && oldest.done !== true) this.#verdicts.delete(oldest.value);
    this.#verdicts.set(id, { error, validUntilMs: this.#monotonicMs() + verdictMsMax });
  }
}
