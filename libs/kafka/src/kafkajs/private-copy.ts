import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, relative, sep } from 'node:path';
import { steadyDate } from './steady-date.ts';

/** What a module of kafkajs exports, and by what: `own` is what kafkajs itself has there. */
export type Replacement = (own: unknown, load: (path: string) => unknown) => unknown;

interface LoadedModule {
  exports: unknown;
}

/** The modules below were read in this version; another may have other insides. */
const versionRead = '2.2.4';

/** The text of a CommonJS module as a function of what Node hands to it; `Date` is ours. */
type ModuleText = (...given: readonly unknown[]) => void;

/**
 * A copy of kafkajs for this library alone, with parts of it replaced and with a clock that nobody can set.
 *
 * kafkajs decides by `Date.now()` whether a heartbeat is due and whether a request has timed out: a wall clock that is
 * set back would silence a member of a group for as long as the step. In this copy `Date` is `steadyDate`.
 *
 * Node's own module cache is left alone: a program that uses kafkajs beside Ratchet keeps the original, and it does not
 * matter which of the two is loaded first.
 */
export class PrivateCopy {
  readonly #require = createRequire(import.meta.url);
  readonly #entry: string;
  readonly #source: string;
  readonly #replacements: ReadonlyMap<string, Replacement>;
  readonly #loaded = new Map<string, LoadedModule>();

  /** @param replacements by the path of the module within kafkajs's `src`, as in `protocol/encoder.js`. */
  constructor(replacements: Readonly<Record<string, Replacement>>) {
    const { version } = this.#require('kafkajs/package.json') as { readonly version: string };
    if (version !== versionRead) {
      throw new Error(`Expected to find kafkajs ${versionRead}, whose insides are replaced, but found ${version}`);
    }
    this.#entry = this.#require.resolve('kafkajs');
    this.#source = `${dirname(this.#entry)}${sep}src${sep}`;
    this.#replacements = new Map(Object.entries(replacements));
  }

  /**
   * What `require('kafkajs')` gives, but of this copy.
   *
   * @throws Error when there is a replacement for a module that kafkajs does not have.
   */
  get entry(): unknown {
    for (const path of this.#replacements.keys()) {
      if (!existsSync(this.#source + path)) {
        throw new Error(`Expected to replace ${path} of kafkajs, but it has no such module`);
      }
    }
    return this.#load(this.#entry);
  }

  /** @param path of a module within kafkajs's `src`. */
  load(path: string): unknown {
    return this.#load(this.#source + path);
  }

  #load(file: string): unknown {
    const known = this.#loaded.get(file);
    if (known !== undefined) return known.exports;
    const module: LoadedModule = { exports: {} };
    this.#loaded.set(file, module);
    this.#run(file, module);
    const replacement = this.#replacements.get(relative(this.#source, file).replaceAll(sep, '/'));
    if (replacement !== undefined) module.exports = replacement(module.exports, (path) => this.load(path));
    return module.exports;
  }

  #run(file: string, module: LoadedModule): void {
    const text = readFileSync(file, 'utf8');
    if (file.endsWith('.json')) {
      module.exports = JSON.parse(text);
      return;
    }
    const { resolve } = createRequire(file);
    const requireFrom = (name: string): unknown => {
      const isPart = name.startsWith('.');
      return isPart ? this.#load(resolve(name)) : this.#require(name);
    };
    // `Function` and not `node:vm`: within Jest the latter would run kafkajs in another realm, where `Error` is another.
    const run = new Function(...parameters, `${text}\n//# sourceURL=${file}`) as ModuleText;
    run(module.exports, requireFrom, module, file, dirname(file), steadyDate);
  }
}

const parameters = ['exports', 'require', 'module', '__filename', '__dirname', 'Date'];
