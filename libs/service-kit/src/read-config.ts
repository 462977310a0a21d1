import { readFileSync, statSync } from 'node:fs';
import { OperationalError, withoutCredentials } from '@ratchet/kafka';
import { nearMiss } from './near-miss.ts';
import type { ConfigOf, Environment, Setting, Settings } from './setting.ts';
import { developmentWarnings, knownVariables } from './settings.ts';
import { weaknessOf } from './weak-secret.ts';

export type Variables = Readonly<Partial<Record<string, string>>>;

export interface ReadConfig<S extends Settings> {
  readonly config: ConfigOf<S>;
  /** What should be said aloud at start. */
  readonly warnings: readonly string[];
  /** The files that were read for it. */
  readonly files: readonly string[];
}

/** What a variable, or the file that one names, says. */
interface Given {
  readonly text: string;
  /** How it is spoken of, up to the value itself: `RATCHET_X is`. */
  readonly spokenOf: string;
  readonly file?: string;
}

interface Problem {
  readonly problem: string;
}

/** A mistaken path, to a device or a dump, is not read for long. */
export const settingFileBytesMax = 1024 * 1024;
const fileSuffix = '_FILE';

/**
 * The configuration of a service from its environment, and from the files that it names.
 *
 * A variable that is set to nothing counts as not set, as `docker compose` does it.
 * @throws OperationalError RKT1301 that names every wrong variable, its value and what was expected.
 */
export function readConfig<S extends Settings>(service: string, settings: S, variables: Variables): ReadConfig<S> {
  const environment = environmentOf(settings, variables);
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  const files: string[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const given = givenFor(setting, variables);
    if (given !== undefined && 'file' in given) files.push(given.file);
    const reading = given !== undefined && 'problem' in given ? given : read(setting, given, environment);
    if ('problem' in reading) problems.push(reading.problem);
    else config[name] = reading.value;
  }
  if (problems.length > 0) throw wrongSettings(service, problems);
  return {
    config: config as ConfigOf<S>,
    warnings: [...developmentWarnings(config), ...unknownVariables(settings, variables)],
    files,
  };
}

function environmentOf(settings: Settings, variables: Variables): Environment {
  const setting = Object.values(settings).find(({ variable }) => variable === 'RATCHET_ENVIRONMENT');
  const given = setting === undefined ? undefined : givenFor(setting, variables);
  return given !== undefined && 'text' in given && given.text === 'development' ? 'development' : 'production';
}

function givenFor(setting: Setting<unknown>, variables: Variables): Given | Problem | undefined {
  const { variable, isValue = () => true } = setting;
  const inFile = `${variable}${fileSuffix}`;
  const [text = '', path = ''] = [variables[variable], variables[inFile]];
  if (text !== '' && path !== '') return { problem: `${variable} and ${inFile} are both set: expected one of them` };
  if (path !== '') return contentOf(path, `${inFile} is ${JSON.stringify(path)}`, `a file with ${setting.expected}`);
  if (text === '') return undefined;
  const spokenOf = `${variable} is`;
  return isValue(text) ? { text, spokenOf } : contentOf(text, `${spokenOf} ${shown(setting, text)}`, setting.expected);
}

function contentOf(file: string, spokenOf: string, expected: string): Given | Problem {
  const unread = (reason: string): Problem => ({ problem: `${spokenOf}, which ${reason}: expected ${expected}` });
  try {
    const stat = statSync(file);
    if (!stat.isFile()) return unread('is no file');
    if (stat.size > settingFileBytesMax) return unread(`has more than ${String(settingFileBytesMax)} bytes`);
    const text = readFileSync(file, 'utf8').replace(/\r?\n$/, '');
    return text === '' ? unread('is empty') : { text, spokenOf: `${spokenOf}, in which is`, file };
  } catch (error) {
    return unread(`cannot be read (${String((error as NodeJS.ErrnoException).code ?? error)})`);
  }
}

function read(
  setting: Setting<unknown>,
  given: Given | undefined,
  environment: Environment,
): { readonly value: unknown } | Problem {
  const { variable, expected, schema, defaults, isOptional } = setting;
  if (given === undefined) {
    const value = defaults?.[environment];
    return value === undefined && isOptional !== true
      ? { problem: `${variable} is not set: expected ${expected}` }
      : { value };
  }
  const { text, spokenOf } = given;
  const parsed = schema.safeParse(text);
  if (!parsed.success) return { problem: `${spokenOf} ${shown(setting, text)}: expected ${expected}` };
  const secrets = environment === 'production' ? (setting.secretsIn?.(parsed.data) ?? []) : [];
  const weakness = secrets.map(weaknessOf).find((found) => found !== undefined);
  return weakness === undefined
    ? { value: parsed.data }
    : { problem: `${spokenOf} a secret that ${weakness}: expected ${expected}` };
}

function shown({ secret }: Setting<unknown>, raw: string): string {
  return secret === true
    ? `a secret of ${String(raw.length)} characters`
    : JSON.stringify(withoutCredentials(raw).slice(0, 200));
}

function wrongSettings(service: string, problems: readonly string[]): OperationalError {
  const count = problems.length === 1 ? 'a setting is' : `${String(problems.length)} settings are`;
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  return new OperationalError(`Expected to start ${service}, but ${count} missing or wrong:${lines}`, 'RKT1301', false);
}

function unknownVariables(settings: Settings, variables: Variables): readonly string[] {
  const names = [...knownVariables, ...Object.values(settings).map(({ variable }) => variable)];
  const known = new Set(names.flatMap((name) => [name, `${name}${fileSuffix}`]));
  return Object.keys(variables)
    .filter((name) => name.startsWith('RATCHET_') && !known.has(name))
    .map((name) => {
      const meant = nearMiss(name, [...known]);
      return `${name} is not a setting of Ratchet${meant === undefined ? '' : `: did you mean ${meant}?`}`;
    });
}
