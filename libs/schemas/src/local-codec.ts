import { Codec } from './codec.ts';
import { subjects } from './subject.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

/**
 * A codec that asks no registry: its schema ids are 1, 2, ... in the order of the records of `subjects`. For tests without I/O; two
 * processes of different versions do not understand each other.
 */
export const localCodec = (): Codec =>
  new Codec(new Map(Array.from(records, (record, index) => [record, index + 1])), (id) =>
    Promise.reject(new UnreadableRecordError(`there is no schema ${String(id)}`)),
  );

// As at a registry, one schema has one id, however many topics carry it.
const records = new Set(subjects.map(({ record }) => record));
