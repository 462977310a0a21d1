import type { LoadName } from './kinds.ts';

/** What a process of the load is told by its environment, as JSON in DRILL_PROCESS. */
export interface ProcessSettings {
  /** Its name, and that of its journal. */
  readonly who: string;
  /** Of the journals. */
  readonly journals: string;
  /** Where `gateways.json` stands. */
  readonly folder: string;
  readonly brokers: string;
  readonly registryUrl: string;
  /** Of a client: how many starts a second. */
  readonly perSecond: number;
  /** Of a client: of what its starts are; absent: `mixed`. */
  readonly load?: LoadName;
  readonly seed: number;
  /** What the ids of its activities begin with: no other drill on the same broker has it. */
  readonly idPrefix: string;
}

const variable = 'DRILL_PROCESS';

export const settingsEnvironment = (settings: ProcessSettings): Record<string, string> => ({
  [variable]: JSON.stringify(settings),
});

/** @throws Error when there are none: such a process is started by the drill alone. */
export function readSettings(): ProcessSettings {
  const text = process.env[variable];
  if (text === undefined) throw new Error(`Expected to find ${variable} in the environment, but it is not set`);
  return JSON.parse(text) as ProcessSettings;
}
