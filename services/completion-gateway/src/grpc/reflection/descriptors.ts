import { protobuf, publishedRoot, requireOfProtobuf } from '../wire/proto.ts';
import { reflectionRoot } from './reflection-protocol.ts';

/** A file of definitions, as `google.protobuf.FileDescriptorProto`. */
export interface DescribedFile {
  readonly bytes: Uint8Array;
  /** The names of the files that it imports. */
  readonly dependencies: readonly string[];
}

export interface Descriptors {
  /** By name. */
  readonly files: ReadonlyMap<string, DescribedFile>;
  /** The name of the file of each service, method, message and enum, by its full name. */
  readonly fileOf: ReadonlyMap<string, string>;
  /** The full names of messages. */
  readonly messages: ReadonlySet<string>;
}

// What protobufjs knows of definitions; only a part of it is of interest.

type Options = Readonly<Record<string, unknown>> | undefined;

interface Node {
  readonly name: string;
  /** With a dot before it. */
  readonly fullName: string;
  readonly parent: Node | null;
  readonly options?: Options;
  readonly nestedArray?: readonly Node[];
}

interface OneOf extends Node {
  readonly fieldsArray: readonly Field[];
}

interface Field extends Node {
  readonly id: number;
  readonly type: string;
  readonly protoName?: string;
  readonly jsonName?: string;
  readonly repeated: boolean;
  readonly map: boolean;
  /** Of a map. */
  readonly keyType?: string;
  readonly partOf: OneOf | null;
  readonly resolvedType: Node | null;
  resolve(): Field;
}

interface Message extends Node {
  readonly fieldsArray: readonly Field[];
  readonly oneofsArray: readonly OneOf[];
  readonly nestedArray: readonly Node[];
}

interface Enumeration extends Node {
  readonly values: Readonly<Record<string, number>>;
  readonly valuesOptions?: Readonly<Record<string, Options>>;
}

interface Method extends Node {
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
  readonly resolvedRequestType: Node | null;
  readonly resolvedResponseType: Node | null;
  resolve(): Method;
}

interface Service extends Node {
  readonly methodsArray: readonly Method[];
}

interface DescriptorTypes {
  readonly FileDescriptorProto: {
    fromObject(file: object): object;
    encode(file: object): { finish(): Uint8Array };
  };
}

const isMessage = (node: Node): node is Message => node instanceof protobuf.Type;
const isEnumeration = (node: Node): node is Enumeration => node instanceof protobuf.Enum;
const isService = (node: Node): node is Service => node instanceof protobuf.Service;

/** Files that every tool knows, by what is in them: https://protobuf.dev/reference/protobuf/google.protobuf/ */
const wellKnown: readonly (readonly [names: RegExp, file: string])[] = [
  [/^(?:Struct|Value|ListValue|NullValue)$/, 'struct'],
  [/.Value$/, 'wrappers'],
  [/^FieldMask$/, 'field_mask'],
  [/^(?:Any|Duration|Empty|Timestamp)$/, ''],
];

/**
 * The definitions of services and of all that they name. The published ones do not say any more which files they came
 * from: each package is a file here, but for Google's own, which tools know by name.
 *
 * It takes a second of CPU time: to be called beside the event loop.
 *
 * @param services full names, of `@temporalio/proto` or of the reflection itself.
 * @throws Error when one is not defined.
 */
export function describeServices(services: readonly string[]): Descriptors {
  const files = new Map<string, DescribedFile>();
  const fileOf = new Map<string, string>();
  const messages = new Set<string>();
  const waiting = services.map((service) => topOf(find(service)));
  for (let top = waiting.pop(); top !== undefined; top = waiting.pop()) {
    const name = fileNameOf(top);
    if (files.has(name)) continue;
    const file = new FileWriter(top, name);
    files.set(name, file.write());
    for (const symbol of file.symbols) fileOf.set(symbol, name);
    for (const message of file.messages) messages.add(message);
    waiting.push(...file.imported);
  }
  return { files, fileOf, messages };
}

function find(service: string): Node {
  for (const root of [publishedRoot, reflectionRoot]) {
    const found = root.lookup(service) as Node | null;
    if (found !== null) return found;
  }
  throw new Error(`Expected the service ${service} to be defined, but it is not`);
}

/** The message, enum or service that stands in the package itself. */
function topOf(node: Node): Node {
  const { parent } = node;
  return parent !== null && isMessage(parent) ? topOf(parent) : node;
}

const nameOf = ({ fullName }: Node): string => fullName.slice(1);

function fileNameOf(top: Node): string {
  const path = nameOf(packageOf(top)).replaceAll('.', '/');
  if (path !== 'google/protobuf') return `${path}.proto`;
  const [, file = 'descriptor'] = wellKnown.find(([names]) => names.test(top.name)) ?? [];
  return `${path}/${file === '' ? top.name.toLowerCase() : file}.proto`;
}

function packageOf({ parent, fullName }: Node): Node {
  if (parent === null) throw new Error(`Expected ${fullName} to be in a package, but it is not`);
  return parent;
}

const { FileDescriptorProto } = requireOfProtobuf('protobufjs/ext/descriptor') as DescriptorTypes;

/** Writes one file, and notes what it defines and names. */
class FileWriter {
  readonly symbols: string[] = [];
  readonly messages: string[] = [];
  /** What the file names and others define. */
  readonly imported = new Set<Node>();
  readonly #package: Node;
  readonly #name: string;

  constructor(top: Node, name: string) {
    this.#package = packageOf(top);
    this.#name = name;
  }

  write(): DescribedFile {
    const tops = (this.#package.nestedArray ?? []).filter((node) => this.#isOwn(node));
    const definitions = {
      messageType: tops.filter(isMessage).map((message) => this.#message(message)),
      enumType: tops.filter(isEnumeration).map((enumeration) => this.#enumeration(enumeration)),
      service: tops.filter(isService).map((service) => this.#service(service)),
    };
    const dependencies = [...new Set([...this.imported].map(fileNameOf))].sort();
    const file = {
      name: this.#name,
      package: nameOf(this.#package),
      dependency: dependencies,
      syntax: 'proto3',
      ...definitions,
    };
    return { bytes: FileDescriptorProto.encode(FileDescriptorProto.fromObject(file)).finish(), dependencies };
  }

  #isOwn(node: Node): boolean {
    return (isMessage(node) || isEnumeration(node) || isService(node)) && fileNameOf(node) === this.#name;
  }

  #message(message: Message): object {
    this.symbols.push(nameOf(message));
    this.messages.push(nameOf(message));
    const { fieldsArray, nestedArray } = message;
    // Those that only say that a field may be unset stand last.
    const oneofs = message.oneofsArray.toSorted((a, b) => Number(isUnsettable(a)) - Number(isUnsettable(b)));
    return {
      name: message.name,
      field: fieldsArray.map((field) => this.#field(message, oneofs, field.resolve())),
      nestedType: [
        ...fieldsArray.filter(({ map }) => map).map((field) => this.#mapEntry(field)),
        ...nestedArray.filter(isMessage).map((nested) => this.#message(nested)),
      ],
      enumType: nestedArray.filter(isEnumeration).map((nested) => this.#enumeration(nested)),
      oneofDecl: oneofs.map(({ name }) => ({ name: snakeCase(name) })),
      ...deprecated(message.options),
    };
  }

  #field(message: Message, oneofs: readonly OneOf[], field: Field): object {
    const { partOf, map, repeated } = field;
    const type = map
      ? { type: 'TYPE_MESSAGE', typeName: `${message.fullName}.${entryName(field)}` }
      : this.#type(field.type, field.resolvedType);
    return {
      name: protoName(field),
      number: field.id,
      label: map || repeated ? 'LABEL_REPEATED' : 'LABEL_OPTIONAL',
      ...type,
      jsonName: field.jsonName ?? field.name,
      ...(partOf === null ? {} : { oneofIndex: oneofs.indexOf(partOf), proto3Optional: isUnsettable(partOf) }),
      ...deprecated(field.options),
    };
  }

  #mapEntry(field: Field): object {
    const part = (name: string, number: number, type: object): object => ({
      name,
      number,
      label: 'LABEL_OPTIONAL',
      jsonName: name,
      ...type,
    });
    return {
      name: entryName(field),
      field: [
        part('key', 1, this.#type(field.keyType ?? 'string', null)),
        part('value', 2, this.#type(field.type, field.resolvedType)),
      ],
      options: { mapEntry: true },
    };
  }

  #type(scalar: string, resolved: Node | null): object {
    if (resolved === null) return { type: `TYPE_${scalar.toUpperCase()}` };
    return { type: isEnumeration(resolved) ? 'TYPE_ENUM' : 'TYPE_MESSAGE', typeName: this.#named(resolved) };
  }

  #named(node: Node): string {
    const top = topOf(node);
    if (fileNameOf(top) !== this.#name) this.imported.add(top);
    return node.fullName;
  }

  #enumeration(enumeration: Enumeration): object {
    this.symbols.push(nameOf(enumeration));
    const { values, valuesOptions = {}, options } = enumeration;
    const value = Object.entries(values).map(([name, number]) => ({
      name,
      number,
      ...deprecated(valuesOptions[name]),
    }));
    // The first one is zero.
    value.sort((a, b) => Number(b.number === 0) - Number(a.number === 0));
    const hasAlias = new Set(Object.values(values)).size < value.length;
    return { name: enumeration.name, value, ...(hasAlias ? { options: { allowAlias: true } } : deprecated(options)) };
  }

  #service(service: Service): object {
    this.symbols.push(nameOf(service));
    const method = service.methodsArray.map((method_) => {
      const { name, options, requestStream, responseStream, ...rest } = method_.resolve();
      const { resolvedRequestType, resolvedResponseType } = rest;
      this.symbols.push(`${nameOf(service)}.${name}`);
      return {
        name,
        inputType: resolvedRequestType === null ? '' : this.#named(resolvedRequestType),
        outputType: resolvedResponseType === null ? '' : this.#named(resolvedResponseType),
        clientStreaming: requestStream === true,
        serverStreaming: responseStream === true,
        ...deprecated(options),
      };
    });
    return { name: service.name, method };
  }
}

const deprecated = (options: Options): object =>
  options?.['deprecated'] === true ? { options: { deprecated: true } } : {};

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const protoName = ({ protoName: given, name }: Field): string => given ?? name;

/** As protoc names it. */
const entryName = (field: Field): string =>
  `${protoName(field).replace(/(?:^|_)([a-z])/g, (_, letter: string) => letter.toUpperCase())}Entry`;

/** Proto3's `optional`. */
const isUnsettable = ({ fieldsArray: [field, ...others] }: OneOf): boolean =>
  others.length === 0 && field?.options?.['proto3_optional'] === true;
