import type { RecordName } from '../subject.ts';

/** How the domain's value of a record, and what avsc reads and writes, become each other. Parts that agree are shared, not copied. */
export interface RecordMapping<Domain, Avro> {
  readonly record: RecordName;
  readonly toAvro: (value: Domain) => Avro;
  /** @throws UnreadableRecordError when the record says what this version does not know. */
  readonly toDomain: (value: Avro) => Domain;
}
