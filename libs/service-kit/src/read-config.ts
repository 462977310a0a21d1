import { OperationalError } from '@ratchet/kafka';
import { nearMiss } from './near-miss.ts';
import type { ConfigOf, Environment, Setting, Settings } from './setting.ts';
import { developmentWarnings, knownVariables } from './settings.ts';

export type Variables = Readonly<Partial<Record<string, string>>>;

export interface ReadConfig<S extends Settings> {
  readonly config: ConfigOf<S>;
  /** What should be said aloud at start. */
  readonly warnings: readonly string[];
}

type Reading = { readonly value: unknown } | { readonly problem: string };

/**
 * The configuration of a service from its environment.
 *
 * A variable that is set to nothing counts as not set, as `docker compose` does it.
 * @throws OperationalError RKT1301 that names every wrong variable, its value and what was expected.
 */
export function readConfig<S extends Settings>(service: string, settings: S, variables: Variables): ReadConfig<S> {
  const environment = environmentOf(settings, variables);
  const config: Record<string, unknown> = {};
  const problems: string[] = [];
  for (const [name, setting] of Object.entries(settings)) {
    const reading = read(setting, variables[setting.variable], environment);
    if ('problem' in reading) problems.push(reading.problem);
    else config[name] = reading.value;
  }
  if (problems.length > 0) throw wrongSettings(service, problems);
  return {
    config: config as ConfigOf<S>,
    warnings: [...developmentWarnings(config), ...unknownVariables(settings, variables)],
  };
}

function environmentOf(settings: Settings, variables: Variables): Environment {
  const setting = Object.values(settings).find(({ variable }) => variable === 'RATCHET_ENVIRONMENT');
  const isDevelopment = setting !== undefined && variables[setting.variable] === 'development';
  return isDevelopment ? 'development' : 'production';
}

function read(setting: Setting<unknown>, raw: string | undefined, environment: Environment): Reading {
  const { variable, expected, schema, defaults } = setting;
  if (raw === undefined || raw === '') {
    const value = defaults?.[environment];
    return value === undefined ? { problem: `${variable} is not set: expected ${expected}` } : { value };
  }
  const parsed = schema.safeParse(raw);
  if (parsed.success) return { value: parsed.data };
  return { problem: `${variable} is ${shown(setting, raw)}: expected ${expected}` };
}

function shown({ secret }: Setting<unknown>, raw: string): string {
  return secret === true ? `a secret of ${String(raw.length)} characters` : JSON.stringify(raw);
}

function wrongSettings(service: string, problems: readonly string[]): OperationalError {
  const count = problems.length === 1 ? 'a setting is' : `${String(problems.length)} settings are`;
  const lines = problems.map((problem) => `\n  ${problem}`).join('');
  return new OperationalError(`Expected to start ${service}, but ${count} missing or wrong:${lines}`, 'RKT1301', false);
}

function unknownVariables(settings: Settings, variables: Variables): readonly string[] {
  const known = new Set([...knownVariables, ...Object.values(settings).map(({ variable }) => variable)]);
  return Object.keys(variables)
    .filter((name) => name.startsWith('RATCHET_') && !known.has(name))
    .map((name) => {
      const meant = nearMiss(name, [...known]);
      return `${name} is not a setting of Ratchet${meant === undefined ? '' : `: did you mean ${meant}?`}`;
    });
}
