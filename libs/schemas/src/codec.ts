import type {
  ActivityTask,
  CallbackRequest,
  CancellationRecord,
  Command,
  CompletionEvent,
  Namespace,
  Query,
  Reply,
  SharedSettings,
  StateRecord,
} from '@ratchet/domain';
import { RecordEncoder } from './avro/record-encoder.ts';
import { currentReader, currentType, type RecordReader } from './avro/record-reader.ts';
import { callbackRequestMapping } from './mapping/callback-request.mapping.ts';
import { cancellationMapping } from './mapping/cancellation.mapping.ts';
import { commandMapping } from './mapping/command.mapping.ts';
import { completionEventMapping } from './mapping/completion-event.mapping.ts';
import { namespaceMapping } from './mapping/namespace.mapping.ts';
import { queryMapping } from './mapping/query.mapping.ts';
import type { RecordMapping } from './mapping/record-mapping.ts';
import { replyMapping } from './mapping/reply.mapping.ts';
import { sharedSettingsMapping } from './mapping/shared-settings.mapping.ts';
import { stateReaders, stateWriters } from './mapping/state.mapping.ts';
import { taskMapping } from './mapping/task.mapping.ts';
import { ReaderTable, type FetchSchema } from './reader-table.ts';
import type { RecordName } from './subject.ts';
import { UnreadableRecordError } from './unreadable-record-error.ts';

/** Schema ids by record, as the registry gave them. */
export type SchemaIds = ReadonlyMap<RecordName, number>;

/** What a record is in the domain, made from what avsc read. */
type ToDomain<T> = (value: unknown) => T;
type DomainReaders<T> = ReadonlyMap<RecordName, ToDomain<T>>;

/**
 * The domain's records as bytes in Confluent's wire format, and back.
 *
 * `encode...` returns a buffer of its own, and throws when a value does not fit its schema: options are validated
 * before. `decode...` returns the value at once when the writer's schema is known, else a promise of it while the
 * registry is asked; it throws, or rejects with, `UnreadableRecordError` when these bytes can never be read, and
 * rejects with a retryable `SchemaRegistryError` while the registry is away. What was decoded does not share memory
 * with the bytes.
 */
export class Codec {
  readonly #encoders: ReadonlyMap<RecordName, RecordEncoder>;
  readonly #readers: ReaderTable;

  constructor(ids: SchemaIds, fetchSchema: FetchSchema) {
    this.#encoders = new Map([...ids].map(([record, id]) => [record, new RecordEncoder(currentType(record), id)]));
    this.#readers = new ReaderTable(
      [...ids].map(([record, id]) => [id, currentReader(record)] as const),
      fetchSchema,
    );
  }

  readonly encodeCommand = (command: Command): Buffer => this.#encode(commandMapping, command);
  readonly decodeCommand = (bytes: Buffer): Command | Promise<Command> => this.#decode(commandReaders, bytes);

  readonly encodeQuery = (query: Query): Buffer => this.#encode(queryMapping, query);
  readonly decodeQuery = (bytes: Buffer): Query | Promise<Query> => this.#decode(queryReaders, bytes);

  readonly encodeTask = (task: ActivityTask): Buffer => this.#encode(taskMapping, task);
  readonly decodeTask = (bytes: Buffer): ActivityTask | Promise<ActivityTask> => this.#decode(taskReaders, bytes);

  readonly encodeReply = (reply: Reply): Buffer => this.#encode(replyMapping, reply);
  readonly decodeReply = (bytes: Buffer): Reply | Promise<Reply> => this.#decode(replyReaders, bytes);

  readonly encodeCancellation = (record: CancellationRecord): Buffer => this.#encode(cancellationMapping, record);
  readonly decodeCancellation = (bytes: Buffer): CancellationRecord | Promise<CancellationRecord> =>
    this.#decode(cancellationReaders, bytes);

  readonly encodeCompletionEvent = (event: CompletionEvent): Buffer => this.#encode(completionEventMapping, event);
  readonly decodeCompletionEvent = (bytes: Buffer): CompletionEvent | Promise<CompletionEvent> =>
    this.#decode(completionEventReaders, bytes);

  readonly encodeCallbackRequest = (request: CallbackRequest): Buffer => this.#encode(callbackRequestMapping, request);
  readonly decodeCallbackRequest = (bytes: Buffer): CallbackRequest | Promise<CallbackRequest> =>
    this.#decode(callbackRequestReaders, bytes);

  readonly encodeNamespace = (namespace: Namespace): Buffer => this.#encode(namespaceMapping, namespace);
  readonly decodeNamespace = (bytes: Buffer): Namespace | Promise<Namespace> => this.#decode(namespaceReaders, bytes);

  readonly encodeSharedSettings = (settings: SharedSettings): Buffer => this.#encode(sharedSettingsMapping, settings);
  readonly decodeSharedSettings = (bytes: Buffer): SharedSettings | Promise<SharedSettings> =>
    this.#decode(sharedSettingsReaders, bytes);

  /** The `ActivitySnapshot` of an open one is written without input, header and heartbeat: they are records of their own. */
  readonly encodeState = (record: StateRecord): Buffer => {
    // TypeScript does not see that the writer belongs to the record's own type.
    const toAvro = stateWriters[record.type] as (record: StateRecord) => unknown;
    return this.#encoder(record.type).encode(toAvro(record));
  };
  /** An open activity comes with empty input and header and without heartbeat. */
  readonly decodeState = (bytes: Buffer): StateRecord | Promise<StateRecord> => this.#decode(allStateReaders, bytes);

  #encoder(record: RecordName): RecordEncoder {
    const encoder = this.#encoders.get(record);
    if (encoder === undefined) throw new RangeError(`no schema id for ${record}`);
    return encoder;
  }

  #encode<T, A>({ record, toAvro }: RecordMapping<T, A>, value: T): Buffer {
    return this.#encoder(record).encode(toAvro(value));
  }

  #decode<T>(readers: DomainReaders<T>, bytes: Buffer): T | Promise<T> {
    const reader = this.#readers.find(schemaIdOf(bytes), readers);
    return reader instanceof Promise
      ? reader.then((found) => readWith(found, readers, bytes))
      : readWith(reader, readers, bytes);
  }
}

function schemaIdOf(bytes: Buffer): number {
  if (bytes.length < 5 || bytes[0] !== 0)
    throw new UnreadableRecordError('its bytes do not begin with a zero byte and a schema id');
  return bytes.readUInt32BE(1);
}

function readWith<T>(reader: RecordReader, readers: DomainReaders<T>, bytes: Buffer): T {
  const toDomain = readers.get(reader.record);
  if (toDomain === undefined)
    throw new UnreadableRecordError(`it is of ${reader.record}, where ${[...readers.keys()].join(' or ')} belongs`);
  return toDomain(reader.read(bytes));
}

const readersOf = <T, A>({ record, toDomain }: RecordMapping<T, A>): DomainReaders<T> =>
  new Map([[record, toDomain as ToDomain<T>]]);

const commandReaders = readersOf(commandMapping);
const queryReaders = readersOf(queryMapping);
const taskReaders = readersOf(taskMapping);
const replyReaders = readersOf(replyMapping);
const cancellationReaders = readersOf(cancellationMapping);
const callbackRequestReaders = readersOf(callbackRequestMapping);
const completionEventReaders = readersOf(completionEventMapping);
const namespaceReaders = readersOf(namespaceMapping);
const sharedSettingsReaders = readersOf(sharedSettingsMapping);
const allStateReaders: DomainReaders<StateRecord> = new Map(
  Object.entries(stateReaders) as unknown as Iterable<[RecordName, ToDomain<StateRecord>]>,
);
