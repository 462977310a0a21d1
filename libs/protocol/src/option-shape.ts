import { hostname } from 'node:os';
import { withoutCredentials } from '@ratchet/kafka';
import { z } from 'zod';
import { descriptionShape, isAddressField, isSecretField } from './connection-description.ts';
import { durationExpected, durationMs, type Duration } from './duration.ts';

/** What is wrong with options: the callers of JavaScript have no compiler. */
export interface OptionProblem {
  /** As in `timeouts.startToClose` or `args[0]`; empty: the options themselves. */
  readonly field: string;
  /** Names the field, the value and what was expected. */
  readonly message: string;
}

export const textShape = z.string().optional();

export const durationShape = z.custom<Duration>((given) => durationMs(given as Duration) !== undefined, {
  error: durationExpected,
});

const functionShape = z.custom<(...args: never[]) => unknown>((given) => typeof given === 'function', {
  error: 'a function',
});

/** What clients and workers need alike. */
export const connectionShape = z.strictObject({
  ...descriptionShape,
  namespace: textShape,
  identity: textShape,
  dataConverter: z.looseObject({}).optional(),
  log: functionShape.optional(),
});

/** Who a process is to people, when it does not say. */
export const identityDefault = (): string => `${String(process.pid)}@${hostname()}`;

/**
 * The first thing that is wrong with the shape of options; `undefined` when nothing is. What is of the right type and
 * yet no good (an id that is too long) is for others to say.
 */
export function optionProblem(shape: z.ZodType, given: unknown): OptionProblem | undefined {
  const [issue] = shape.safeParse(given).error?.issues ?? [];
  return issue === undefined ? undefined : problemOf(issue, given);
}

function problemOf(issue: z.core.$ZodIssue, given: unknown): OptionProblem {
  const field = fieldOf(issue.path);
  if (issue.code === 'unrecognized_keys') {
    const names = issue.keys.map((key) => fieldOf([...issue.path, key])).join(', ');
    return { field: names, message: `Expected to know every option, but there is none with the name ${names}` };
  }
  const subject = field === '' ? 'the options' : field;
  const value = issue.path.reduce<unknown>((at, key) => (at as Readonly<Record<PropertyKey, unknown>>)[key], given);
  return {
    field,
    message: `Expected to get ${subject} as ${expectedBy(issue)}, but it is ${shownAt(issue.path, value)}`,
  };
}

/** A value that is secret is not shown, whatever stands in its place; nor are user and password within an address. */
function shownAt(path: readonly PropertyKey[], value: unknown): string {
  const name = path.findLast((part) => typeof part === 'string') ?? '';
  if (isSecretField(name)) return `of type ${typeof value}`;
  return shown(typeof value === 'string' && isAddressField(name) ? withoutCredentials(value) : value);
}

const fieldOf = (path: readonly PropertyKey[]): string =>
  path.reduce<string>((field, key) => {
    if (typeof key === 'number') return `${field}[${String(key)}]`;
    return field === '' ? String(key) : `${field}.${String(key)}`;
  }, '');

function expectedBy(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return typeNames[issue.expected] ?? issue.expected;
    case 'invalid_value':
      return `one of ${issue.values.map((value) => `'${String(value)}'`).join(', ')}`;
    default:
      return issue.message;
  }
}

const typeNames: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  object: 'an object',
  array: 'a list',
};

/** A value as a person would say it, never longer than a line. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 100 ? `${value.slice(0, 100)}…` : value}'`;
  if (typeof value === 'bigint') return `${String(value)}n`;
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean')
    return String(value);
  return Array.isArray(value) ? 'a list' : `of type ${typeof value}`;
}
