import { readFile, stat } from 'node:fs/promises';
import { isDeepStrictEqual } from 'node:util';
import { settingFileBytesMax, type ReadConfig } from './read-config.ts';
import type { ServiceLog } from './service-log.ts';
import type { ConfigOf, Settings } from './setting.ts';

/** What a part of a service does with a changed configuration: looks at it first, and takes it when all others do, too. */
export type Prepare<C> = (config: C) => () => void;

/** Where a part of a service asks to be told of settings that have changed. */
export interface SettingsChanges<C> {
  /**
   * Calls `prepare` with every changed configuration from now on, and at once when there was one since the start.
   *
   * `prepare` throws when the configuration cannot be used: then nobody takes it. What it returns takes it, and does not fail.
   */
  onChange(prepare: Prepare<C>): void;
}

export interface LiveConfigParts<S extends Settings> {
  readonly settings: S;
  /** Reads environment and files. @throws OperationalError RKT1301. */
  readonly read: () => ReadConfig<S>;
  readonly log: ServiceLog;
  /** Told of each time that something was read again and was different. */
  readonly counted: (result: 'changed' | 'refused') => void;
  /** How often files are looked at. */
  readonly pollMs?: number;
}

const pollMsDefault = 2_000;

/**
 * The configuration of a service that runs: read again on a signal, and when a file that it names changes.
 *
 * It changes as a whole or not at all: what is wrong, or what one part of the service refuses, leaves the former
 * configuration with everyone, and the log says why. Files are looked at, not watched: where a name is a link that is
 * turned to a new folder, as Kubernetes does it, nobody tells. A change counts once it is seen twice, so that a certificate
 * and its key, written one after the other, are read together.
 */
export class LiveConfig<S extends Settings> implements SettingsChanges<ConfigOf<S>> {
  readonly #parts: LiveConfigParts<S>;
  readonly #prepares: Prepare<ConfigOf<S>>[] = [];
  readonly #files: readonly string[];
  readonly #initial: ConfigOf<S>;
  #current: ConfigOf<S>;
  #timer: NodeJS.Timeout | undefined;
  #readAs = '';
  #seenAs = '';

  /** @param start what `read` gave at the start. */
  constructor(start: ReadConfig<S>, parts: LiveConfigParts<S>) {
    this.#parts = parts;
    this.#files = start.files;
    this.#initial = start.config;
    this.#current = start.config;
  }

  onChange(prepare: Prepare<ConfigOf<S>>): void {
    this.#prepares.push(prepare);
    if (this.#current !== this.#initial) prepare(this.#current)();
  }

  /** Looks at the files from now on. */
  async watch(): Promise<void> {
    if (this.#files.length === 0) return;
    this.#readAs = this.#seenAs = await this.#contents();
    this.#look();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads all again; `reason` says why in the log. */
  reload(reason: string): void {
    const { read, log, counted } = this.#parts;
    try {
      const { config } = read();
      const changed = this.#changed(config);
      if (changed.length === 0) {
        log.info(`${reason}: the settings were read again and are the same`);
        return;
      }
      const takes = this.#prepares.map((prepare) => prepare(config));
      for (const take of takes) take();
      this.#current = config;
      counted('changed');
      log.info({ settings: changed }, `${reason}: settings have changed`);
      this.#sayWhatWaits(changed);
    } catch (error) {
      counted('refused');
      const why = error instanceof Error ? error.message : String(error);
      log.error(`${reason}: the settings cannot be used, and those of before stay: ${why}`);
    }
  }

  #changed(config: ConfigOf<S>): readonly string[] {
    return Object.entries(this.#parts.settings)
      .filter(([name]) => !isDeepStrictEqual(config[name], this.#current[name]))
      .map(([, { variable }]) => variable);
  }

  #sayWhatWaits(changed: readonly string[]): void {
    const live = Object.values(this.#parts.settings).flatMap(({ variable, isLive }) =>
      isLive === true ? variable : [],
    );
    const waiting = changed.filter((variable) => !live.includes(variable as (typeof live)[number]));
    if (waiting.length > 0) this.#parts.log.warn(`${waiting.join(', ')} will be used from the next start on`);
  }

  #look(): void {
    this.#timer = setTimeout(() => {
      void this.#contents().then((contents) => {
        if (this.#timer === undefined) return;
        const isSteady = contents === this.#seenAs;
        this.#seenAs = contents;
        if (isSteady && contents !== this.#readAs) {
          this.#readAs = contents;
          this.reload('a file has changed');
        }
        this.#look();
      });
    }, this.#parts.pollMs ?? pollMsDefault).unref();
  }

  /** All that stands in the files, or why it cannot be read. */
  async #contents(): Promise<string> {
    return JSON.stringify(await Promise.all(this.#files.map((file) => contentOf(file).catch(String))));
  }
}

async function contentOf(file: string): Promise<string> {
  const { size, mtimeMs } = await stat(file);
  return size > settingFileBytesMax ? `${String(size)} bytes of ${String(mtimeMs)}` : readFile(file, 'utf8');
}
