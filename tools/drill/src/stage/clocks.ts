import { globSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const library = 'libfaketimeMT.so.1';
const places = [`/usr/lib/*/faketime/${library}`, `/usr/lib/faketime/${library}`, `/usr/local/lib/faketime/${library}`];

/** Wall clocks that can be set while their processes run. What measures lengths of time goes on as it is. */
export class Clocks {
  readonly #folder: string;
  readonly #library: string;

  /** @throws Error when there is no libfaketime. */
  constructor(folder: string) {
    const [found] = globSync(places);
    if (found === undefined)
      throw new Error(
        'Expected to set clocks by libfaketime, but it is not installed (Debian, Ubuntu: apt-get install faketime)',
      );
    this.#library = found;
    this.#folder = join(folder, 'clocks');
    mkdirSync(this.#folder, { recursive: true });
  }

  /** What makes a process have the clock of this name; it runs right until it is set. */
  environmentOf(name: string): Readonly<Record<string, string>> {
    this.set(name, 0);
    return {
      LD_PRELOAD: this.#library,
      FAKETIME_TIMESTAMP_FILE: this.#fileOf(name),
      // How often it looks at the file, in seconds.
      FAKETIME_CACHE_DURATION: '1',
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
      DONT_FAKE_MONOTONIC: '1',
      // Else a JVM's waits, which are lengths of time, end at once.
      FAKETIME_FORCE_MONOTONIC_FIX: '0',
    };
  }

  /** Noticed within a second. @param aheadSeconds below 0: the clock is behind. */
  set(name: string, aheadSeconds: number): void {
    const file = this.#fileOf(name);
    writeFileSync(`${file}.new`, `${aheadSeconds < 0 ? '' : '+'}${String(aheadSeconds)}\n`);
    renameSync(`${file}.new`, file);
  }

  #fileOf(name: string): string {
    return join(this.#folder, name);
  }
}
