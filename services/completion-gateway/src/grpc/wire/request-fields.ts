import { fields, wrongIn, type FieldRule, type ListRule } from '../../fields/fields.ts';
import { FrontDoorError } from '../../front-door/index.ts';
import { decodeMessage, type FieldInfo, type MessageType } from './proto.ts';

/** @throws FrontDoorError INVALID_ARGUMENT that names the field. */
type Check = (value: unknown, path: string) => void;

const table: Readonly<Record<string, FieldRule | ListRule>> = fields;

/** By message type, the checks of those of its fields that need one. */
const compiled = new Map<MessageType, ReadonlyMap<string, Check>>();

/**
 * Reads a request, every field of which has a length and a shape as the table says, those included that nobody reads.
 *
 * @throws FrontDoorError INVALID_ARGUMENT that says why the bytes are no such message, or names the field.
 */
export function readRequest(type: MessageType, bytes: Uint8Array): object {
  const request = decoded(type, bytes);
  checkMessage(
    checksOf(type, ({ name }) => name),
    request,
    '',
  );
  return request;
}

function decoded(type: MessageType, bytes: Uint8Array): object {
  try {
    return decodeMessage(type, bytes) as object;
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    const message = `Expected to read a ${type.fullName.slice(1)}, but ${reason}`;
    throw new FrontDoorError('INVALID_ARGUMENT', message, { cause });
  }
}

function checkMessage(checks: ReadonlyMap<string, Check>, message: object, path: string): void {
  for (const [name, value] of Object.entries(message)) {
    checks.get(name)?.(value, path === '' ? name : `${path}.${name}`);
  }
}

/** @param rowOf the row of the table for a field. */
function checksOf(type: MessageType, rowOf: (field: FieldInfo) => string): ReadonlyMap<string, Check> {
  const former = compiled.get(type);
  if (former !== undefined) return former;
  const checks = new Map<string, Check>();
  // Before its fields: a message may have one of its own kind within it.
  compiled.set(type, checks);
  for (const field of type.fieldsArray) {
    const check = checkOf(field.resolve(), rowOf(field));
    if (check !== undefined) checks.set(field.name, check);
  }
  return checks;
}

function checkOf(field: FieldInfo, row: string): Check | undefined {
  if (field.map) return ofMap(field, table[row] ?? fields.list);
  if (field.repeated) return ofList(field, table[row] ?? fields.list);
  return ofValue(field, table[row] ?? fields.text);
}

function ofMap(field: FieldInfo, rule: FieldRule | ListRule): Check {
  const check = ofValue(field, rule);
  return (value, path) => {
    const entries = Object.entries(value as object);
    checkCount(entries.length, rule, path);
    for (const [key, item] of entries) {
      checkText(fields.text, key, `the key of ${path}`);
      check?.(item, path);
    }
  };
}

function ofList(field: FieldInfo, rule: FieldRule | ListRule): Check {
  const check = ofValue(field, rule);
  return (value, path) => {
    const items = value as readonly unknown[];
    checkCount(items.length, rule, path);
    if (check !== undefined) for (const item of items) check(item, path);
  };
}

/** Numbers, enums and what the rules of the domain refuse need none. */
function ofValue(field: FieldInfo, rule: FieldRule): Check | undefined {
  const { type, resolvedType } = field;
  if (resolvedType?.fieldsArray !== undefined) {
    return (value, path) => {
      checkMessage(
        checksOf(resolvedType, ({ name }) => `${resolvedType.name}.${name}`),
        value as object,
        path,
      );
    };
  }
  if ((type !== 'string' && type !== 'bytes') || rule.byRules === true) return undefined;
  return (value, path) => {
    checkText(rule, value as string | Uint8Array, path);
  };
}

function checkText(rule: FieldRule, value: string | Uint8Array, path: string): void {
  const wrong = wrongIn(rule, value);
  if (wrong === undefined) return;
  const { called = path, words = `${called} ${wrong}` } = rule;
  throw new FrontDoorError('INVALID_ARGUMENT', words);
}

function checkCount(count: number, rule: FieldRule | ListRule, path: string): void {
  const { countMax } = 'countMax' in rule ? rule : fields.list;
  if (count <= countMax) return;
  throw new FrontDoorError(
    'INVALID_ARGUMENT',
    `${path} exceeds length limit. Items=${String(count)} Limit=${String(countMax)}`,
  );
}
