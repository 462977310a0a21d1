import { spawn } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plant, type Mutant } from './mutant.ts';

const root = join(import.meta.dirname, '../../..');
const jest = join(root, 'node_modules/jest/bin/jest.js');

/** A test run that takes longer hangs, and a bug that makes the tests hang is found. */
const testsMsMax = 180_000;

/** What found a planted bug; nothing: it survives. */
export type Killer = 'tables' | 'properties';

/** A copy of the domain in a folder of its own, in which bugs are planted and its tests run. */
export class Sandbox {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async create(): Promise<Sandbox> {
    const folder = await mkdtemp(join(tmpdir(), 'ratchet-mutants-'));
    const domain = join(root, 'libs/domain');
    for (const part of ['package.json', 'jest.config.mjs', 'src']) {
      await cp(join(domain, part), join(folder, 'libs/domain', part), { recursive: true });
    }
    await cp(join(root, 'jest.preset.mjs'), join(folder, 'jest.preset.mjs'));
    await symlink(join(root, 'node_modules'), join(folder, 'node_modules'));
    return new Sandbox(folder);
  }

  /** Runs the tests with the mutant in place: the tables first, the properties only if they see nothing. */
  async killerOf(mutant: Mutant): Promise<Killer | undefined> {
    const file = join(this.#folder, 'libs/domain/src', mutant.file);
    const source = await readFile(file, 'utf8');
    await writeFile(file, plant(mutant, source));
    try {
      if (!(await this.passes('tables'))) return 'tables';
      return (await this.passes('properties')) ? undefined : 'properties';
    } finally {
      await writeFile(file, source);
    }
  }

  async passes(tests: Killer): Promise<boolean> {
    const selection = tests === 'tables' ? '--testPathIgnorePatterns=property' : '--testPathPatterns=property';
    return runJest(join(this.#folder, 'libs/domain/jest.config.mjs'), selection);
  }

  async remove(): Promise<void> {
    await rm(this.#folder, { recursive: true, force: true });
  }
}

function runJest(config: string, selection: string): Promise<boolean> {
  const node = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
  const options = ['-c', config, '--bail', '--silent', '--runInBand', selection];
  return new Promise((resolve, reject) => {
    const tests = spawn(process.execPath, [...node, jest, ...options], { stdio: 'ignore', timeout: testsMsMax });
    tests.once('error', reject);
    tests.once('exit', (code) => {
      resolve(code === 0);
    });
  });
}
