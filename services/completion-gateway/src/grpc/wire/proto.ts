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
}

const root = proto as unknown as Root;

/** The methods of a service of `@temporalio/proto`. */
export const methodsOf = (service: string): readonly ServiceMethod[] =>
  root.lookupService(service).methodsArray.map((method) => {
    method.resolve();
    return method;
  });

/** A message type of `@temporalio/proto`; the caller says what it holds. */
export const messageType = <T>(name: string): MessageType<T> => root.lookupType(name) as MessageType<T>;
