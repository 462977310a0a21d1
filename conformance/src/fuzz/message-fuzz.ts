import protos from '@temporalio/proto';
import type { Random } from '@ratchet/testing';
import { damaged } from './damage.ts';
import { oddFraction, oddNumber, oddText } from './odd-values.ts';

/** What is used of protobufjs's reflection, beside what the package's types say. */
export interface MessageType {
  readonly fieldsArray: readonly Field[];
  encode(message: object): { finish(): Uint8Array };
  decode(bytes: Uint8Array): object;
  create(fields: object): object;
}

interface Field {
  readonly name: string;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly resolvedType: object | null;
  resolve(): Field;
}

interface Method {
  readonly name: string;
  readonly resolvedRequestType: MessageType | null;
  resolve(): Method;
}

const root = protos as unknown as { lookupService(name: string): { readonly methodsArray: readonly Method[] } };

/** Every call of Temporal's WorkflowService, by its name. */
export const requestTypes: ReadonlyMap<string, MessageType> = new Map(
  root
    .lookupService('temporal.api.workflowservice.v1.WorkflowService')
    .methodsArray.map((method) => method.resolve())
    .flatMap(({ name, resolvedRequestType: type }) => (type === null ? [] : [[name, type] as const])),
);

/** Values that bring a request past the first checks, by the name of their field. */
export type KnownValues = Readonly<Record<string, (random: Random) => unknown>>;

/** A request of a type, of what is known and what is odd; in some cases its bytes are damaged then. */
export function fuzzedRequest(random: Random, type: MessageType, known: KnownValues): Uint8Array {
  if (random.oneIn(10)) return random.bytes(200);
  const bytes = type.encode(fuzzedMessage({ random, known, oddness: 1 + random.int(8) }, type, 0)).finish();
  return random.oneIn(4) ? damaged(random, bytes) : bytes;
}

interface Fuzz {
  readonly random: Random;
  readonly known: KnownValues;
  /** One field in so many is odd. */
  readonly oddness: number;
}

const depthMax = 4;

function fuzzedMessage(fuzz: Fuzz, type: MessageType, depth: number): object {
  const fields = type.fieldsArray
    .map((field) => field.resolve())
    .flatMap((field) => {
      const value = fieldValue(fuzz, field, depth);
      return value === undefined ? [] : [[field.name, value] as const];
    });
  return type.create(Object.fromEntries(fields));
}

function fieldValue(fuzz: Fuzz, field: Field, depth: number): unknown {
  const { random, known, oddness } = fuzz;
  const knownValue = known[field.name];
  if (knownValue !== undefined && !random.oneIn(oddness + 1)) return knownValue(random);
  if (!random.oneIn(oddness)) return undefined;
  if (field.map) return random.oneIn(2) ? {} : { [oddText(random)]: singleValue(fuzz, field, depth) };
  if (!field.repeated) return singleValue(fuzz, field, depth);
  return Array.from({ length: random.int(3) }, () => singleValue(fuzz, field, depth)).filter(
    (value) => value !== undefined,
  );
}

function singleValue(fuzz: Fuzz, { type, resolvedType }: Field, depth: number): unknown {
  const { random } = fuzz;
  if (resolvedType !== null) {
    if (!('fieldsArray' in resolvedType)) return oddNumber(random);
    return depth < depthMax ? fuzzedMessage(fuzz, resolvedType as MessageType, depth + 1) : {};
  }
  switch (type) {
    case 'string':
      return oddText(random);
    case 'bytes':
      return random.bytes(64);
    case 'bool':
      return random.oneIn(2);
    case 'float':
    case 'double':
      return oddFraction(random);
    default:
      return oddNumber(random);
  }
}
