import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runUntilAskedToStop, unlessAborted } from '@ratchet/tools-kafka';
import { preferQuickStart } from '@ratchet/tools-start';
import { readOptions, usage } from './demo-options.ts';
import type { DemoRun } from './demo-run.ts';
import { findDocuments } from './documents.ts';
import { createProgress } from './progress.ts';
import { formatSchedulerCrash, runScenario } from './scenario.ts';
import { logName, setStage } from './stage.ts';
import { formatChecks, formatSummary } from './summary.ts';
import { formatMs } from './table.ts';

/** The demo's main: `npm run demo`. */

const repository = fileURLToPath(new URL('../../..', import.meta.url));
const stateFolder = join(repository, '.ratchet');
const progress = createProgress(process.stdout);
const begun = performance.now();

/** @returns whether everything agreed. What the run left behind is kept only if it did not. */
async function run(input: string, asked: AbortSignal): Promise<boolean> {
  const documents = await findDocuments(input);
  const count = documents.paths.length;
  if (count < 2) throw new Error(`Expected to find at least 2 documents in '${input}', but there are ${String(count)}`);
  progress.say(`Found ${String(count)} documents in ${input}${leftOutWords(documents.leftOutCount)}`);

  const id = Date.now().toString(36);
  const folder = join(stateFolder, 'demo', id);
  mkdirSync(folder, { recursive: true });
  let agreed = false;
  try {
    agreed = await runIn({ id, folder, progress }, input, asked);
    return agreed;
  } finally {
    if (agreed || asked.aborted) rmSync(folder, { recursive: true, force: true });
    else progress.say(`What the processes said is in ${join(folder, logName)}`);
  }
}

const leftOutWords = (count: number): string =>
  count === 0 ? '' : ` (left out ${String(count)} that are too large or may not be read)`;

async function runIn(
  parts: Pick<DemoRun, 'id' | 'folder' | 'progress'>,
  input: string,
  asked: AbortSignal,
): Promise<boolean> {
  progress.say('Starting Kafka, a schema registry and the services ...');
  const stage = await setStage(parts);
  try {
    // Looked for again: the start takes its time, and by default its folder is the input.
    const documents = await findDocuments(input);
    const scenario = runScenario({ ...parts, documents, client: stage.client }, stage);
    const { groups, checks, schedulerCrash } = await unlessAborted(asked, Promise.race([scenario, stage.broken]));
    progress.say(`\n${formatSummary(groups)}\n\n${formatSchedulerCrash(schedulerCrash)}\n\n${formatChecks(checks)}\n`);
    return checks.every(({ disagreements }) => disagreements.length === 0);
  } finally {
    progress.finish();
    progress.say('Stopping everything that was started ...');
    await stage.stop();
  }
}

async function main(asked: AbortSignal): Promise<number> {
  try {
    const { help, input } = readOptions(process.argv.slice(2), repository);
    if (help) {
      progress.say(usage);
      return 0;
    }
    const agreed = await run(input, asked);
    const took = formatMs(performance.now() - begun);
    progress.say(agreed ? `All agree. It took ${took}.` : `Not all agree: see NOT OK above. It took ${took}.`);
    return agreed ? 0 : 1;
  } catch (error) {
    if (asked.aborted) throw error;
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return 1;
  }
}

preferQuickStart(process.env, stateFolder);
await runUntilAskedToStop(main);
process.exit();
