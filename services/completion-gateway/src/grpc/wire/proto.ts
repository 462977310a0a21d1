import proto from '@temporalio/proto';

/** A message of the published definitions: its (de)serialisation is generated code. */
export interface MessageType<T = unknown> {
  readonly fullName: string;
  encode(message: T): { finish(): Uint8Array };
  decode(bytes: Uint8Array): T;
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
