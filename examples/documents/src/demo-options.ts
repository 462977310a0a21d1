import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

export const usage = `Runs activities on every document of a folder, breaks what can break, and checks that all came out right.

  npm run demo -- [--input <folder>] [--help]

  --input   the folder whose files are read, checksummed, compressed and walked
            (default: this repository; node_modules, .git, dist*, .ratchet, .nx and coverage are left out)

KAFKA_BROKERS and SCHEMA_REGISTRY_URL name a broker and a registry to use; without them some are started for the run.
It ends with 0 when every result agrees with a direct computation and every activity has exactly one outcome, else with 1.`;

export interface DemoOptions {
  readonly help: boolean;
  /** Absolute. */
  readonly input: string;
}

/** @throws Error with a sentence for the person who typed them. */
export function readOptions(args: readonly string[], defaultInput: string): DemoOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { input: { type: 'string' }, help: { type: 'boolean', default: false } },
  });
  if (values.input === '') throw new Error('Expected --input to name a folder, but it is empty');
  return { help: values.help, input: resolve(values.input ?? defaultInput) };
}
