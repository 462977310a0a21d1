import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './projects.mjs';

/** Leaves the counts of a run in `.ratchet/tests/<run>.json`; a file of tests that cannot even be loaded counts as one failed test. */
export default class CountsReporter {
  #run;

  constructor(_global, options) {
    this.#run = options.run;
  }

  onRunComplete(_contexts, results) {
    const folder = join(ROOT, '.ratchet', 'tests');
    mkdirSync(folder, { recursive: true });
    const counts = {
      passed: results.numPassedTests,
      failed: results.numFailedTests + results.numRuntimeErrorTestSuites,
      skipped: results.numPendingTests + results.numTodoTests,
    };
    writeFileSync(join(folder, `${this.#run}.json`), `${JSON.stringify(counts)}\n`);
  }
}
