import { createRequire } from 'node:module';
import proto from '@temporalio/proto';

/** A message of the published definitions: its (de)serialisation is generated code. */
export interface MessageType<T = unknown> {
  readonly name: string;
  readonly fullName: string;
  readonly fieldsArray: readonly FieldInfo[];
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
  toObject(
    message: T,
    as: { enums: typeof String; longs: typeof String; bytes: typeof String },
  ): Record<string, unknown>;
}

/** A field of a message. */
export interface FieldInfo {
  readonly name: string;
  /** A scalar type, or the name of a message or an enum. */
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** Of a field that is neither scalar; an enum has no fields. */
  readonly resolvedType: (MessageType & Partial<Pick<MessageType, 'fieldsArray'>>) | null;
  resolve(): FieldInfo;
}

export interface ServiceMethod {
  readonly name: string;
  readonly resolvedRequestType: MessageType | null;
  readonly resolvedResponseType: MessageType | null;
  resolve(): unknown;
}

/** What protobufjs's root can do beside what the package's types say. */
interface Root {
  lookupService(name: string): { readonly methodsArray: readonly ServiceMethod[] };
  lookupType(name: string): MessageType;
  lookupEnum(name: string): { readonly values: Readonly<Record<string, number>> };
}

const root = proto as unknown as Root;

/** Definitions, as protobufjs has them. */
export interface ProtobufRoot {
  /** By full name; null: it has none of that name. */
  lookup(name: string): object | null;
  lookupType(name: string): MessageType;
}

/** All that is published. */
export const publishedRoot = proto as unknown as ProtobufRoot;

type Kind = abstract new (...args: never) => object;

/** The protobufjs that the published definitions are made with: another knows none of them. */
export const requireOfProtobuf = createRequire(createRequire(import.meta.url).resolve('@temporalio/proto'));

export const protobuf = requireOfProtobuf('protobufjs/light') as {
  readonly Root: { fromJSON(json: object): ProtobufRoot };
  readonly Type: Kind;
  readonly Enum: Kind;
  readonly Service: Kind;
};

/** The methods of a service of `@temporalio/proto`. */
export const methodsOf = (service: string): readonly ServiceMethod[] =>
  root.lookupService(service).methodsArray.map((method) => {
    method.resolve();
    return method;
  });

/**
 * The numbers of an enum of `temporal.api.enums.v1` for our own words: of `TimeoutType`, `heartbeat` is
 * `TIMEOUT_TYPE_HEARTBEAT`.
 *
 * @throws Error when a word is not published.
 */
export function numbersOf<Word extends string, E>(name: string, words: Readonly<Record<Word, true>>): Record<Word, E> {
  const { values } = root.lookupEnum(`temporal.api.enums.v1.${name}`);
  const prefix = name.replace(/(?<=[a-z])(?=[A-Z])/g, '_');
  const entries = Object.keys(words).map((word) => {
    const published = `${prefix}_${word}`.toUpperCase().replaceAll('-', '_');
    const number = values[published];
    if (number === undefined) throw new Error(`Expected ${name} to have ${published}, but it has not`);
    return [word, number];
  });
  return Object.fromEntries(entries) as Record<Word, E>;
}

/** A message type of `@temporalio/proto`; the caller says what it holds. */
export const messageType = <T>(name: string): MessageType<T> => root.lookupType(name) as MessageType<T>;

/** What a reader of protobufjs does for each field; only a part of it is of interest. */
type ReaderClass = new (bytes: Uint8Array) => { tag(): number };

const { BufferReader } = requireOfProtobuf('protobufjs/minimal') as { readonly BufferReader: ReaderClass };

/** Of a message and all within it: more of them make a reader hold up everyone else, and none has so many. */
const fieldCountMax = 100_000;

/** Gives up where a message has too many fields, before it is built. */
class BoundedReader extends BufferReader {
  #count = 0;

  override tag(): number {
    if (++this.#count > fieldCountMax) throw new Error(`it has more than ${String(fieldCountMax)} fields`);
    return super.tag();
  }
}

/** @throws Error when the bytes are no such message, or one of too many fields. */
export const decodeMessage = (type: MessageType, bytes: Uint8Array): unknown =>
  type.decode(new BoundedReader(bytes) as unknown as Uint8Array);
