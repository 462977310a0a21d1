import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readOptions, usage } from './demo-options.ts';
import { findDocuments } from './documents.ts';
import { createProgress } from './progress.ts';
import { formatSchedulerCrash, runScenario } from './scenario.ts';
import { setStage } from './stage.ts';
import { formatChecks, formatSummary } from './summary.ts';
import { formatMs } from './table.ts';

/** The demo's main: `npm run demo`. */

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const progress = createProgress(process.stdout);
const begun = performance.now();

/** @returns whether everything agreed. */
async function run(input: string, interrupted: Promise<never>): Promise<boolean> {
  const documents = await findDocuments(input);
  const count = documents.paths.length;
  if (count < 2) throw new Error(`Expected to find at least 2 documents in '${input}', but there are ${String(count)}`);
  progress.say(`Found ${String(count)} documents in ${input}`);

  const id = Date.now().toString(36);
  const folder = join(repository, '.ratchet', 'demo', id);
  mkdirSync(folder, { recursive: true });
  const stage = await setStage({ id, folder, progress });
  try {
    const work = runScenario({ id, folder, documents, client: stage.client, progress }, stage);
    const { groups, checks, schedulerCrash } = await Promise.race([work, interrupted, stage.broken]);
    progress.say(`\n${formatSummary(groups)}\n\n${formatSchedulerCrash(schedulerCrash)}\n\n${formatChecks(checks)}\n`);
    return checks.every(({ disagreements }) => disagreements.length === 0);
  } finally {
    progress.finish();
    progress.say('Stopping everything that was started ...');
    await stage.stop();
  }
}

/** Rejects at the first Ctrl-C, so that everything is stopped in order; one that comes seconds later ends the demo at once. */
function interruption(): Promise<never> {
  const { promise, reject } = Promise.withResolvers<never>();
  let firstAt: number | undefined;
  const interrupt = (): void => {
    firstAt ??= performance.now();
    reject(new InterruptedError('Interrupted'));
    // npm passes a signal on that the terminal has sent to all: the same Ctrl-C arrives twice.
    if (performance.now() - firstAt > 1_000) process.exit(130);
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  promise.catch(() => undefined);
  return promise;
}

class InterruptedError extends Error {
  override readonly name = 'InterruptedError';
}

async function main(): Promise<number> {
  try {
    const { help, input } = readOptions(process.argv.slice(2), repository);
    if (help) {
      progress.say(usage);
      return 0;
    }
    const agreed = await run(input, interruption());
    const took = formatMs(performance.now() - begun);
    progress.say(agreed ? `All agree. It took ${took}.` : `Not all agree: see NOT OK above. It took ${took}.`);
    return agreed ? 0 : 1;
  } catch (error) {
    if (error instanceof InterruptedError) return 130;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

process.exit(await main());
