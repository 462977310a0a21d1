import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { awaitProgress } from '@ratchet/tools-kafka';
import { healthAt } from './health.ts';
import { eachLine } from './lines.ts';

const STOP_MS_MAX = 20_000;
const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** So long a life makes a service's next crash count as its first. */
const STEADY_MS = 30_000;
const LAST_WORDS_COUNT = 20;
/** What a service ends with when its settings are wrong (sysexits' EX_CONFIG). */
const WRONG_SETTINGS_CODE = 78;
/** So many ends in a row without having been ready: it will not get better. */
const CRASH_COUNT_MAX = 4;

export interface ServiceProcessOptions {
  readonly name: string;
  /** The JavaScript file to run. Asked at each start. */
  readonly main: () => string;
  /** Asked at each start. */
  readonly environment: () => Readonly<Record<string, string>>;
  /** A port is in use that this variable set. @returns `undefined` when no other may be set; else resolves once one is. */
  readonly changePort?: (variable: string) => Promise<void> | undefined;
  /** Told what the service prints and what becomes of it, a line at a time. */
  readonly log: (line: string) => void;
  /** Told whenever it has ended, asked to or not, and how: a signal or `code <n>`. */
  readonly onEnd?: (how: string) => void;
}

/** Where the completion-gateway listens. */
export interface Doors {
  /** `host:port`. */
  readonly grpcAddress: string;
  readonly httpUrl: string;
}

/**
 * One service in a process of its own, kept alive: whenever it ends without being asked to, it is started again,
 * after 0.1 s, 0.2 s, ... 10 s, unless its settings are wrong. Where a port is in use that it need not have, it gets another.
 *
 * It has its own process group, so that a Ctrl-C reaches only the one who knows in which order things stop; and it
 * is connected by a channel whose end it notices, so that it never outlives its parent.
 */
export class ServiceProcess {
  readonly #options: ServiceProcessOptions;
  #child: ChildProcess | undefined;
  #healthUrl: string | undefined;
  #doors: Doors | undefined;
  #crashCount = 0;
  #startedAt = 0;
  #wanted = false;
  #hasWrongSettings = false;
  /** The variable of a port that is in use, as the process has said before it ended. */
  #portInUse: string | undefined;
  #lineCount = 0;
  #health = '';
  #restartTimer: NodeJS.Timeout | undefined;
  #lastWords: string[] = [];

  constructor(options: ServiceProcessOptions) {
    this.#options = options;
  }

  /** Of the process that runs now; `undefined` between a crash and the restart. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Answers 200 when the service is ready; `undefined` while it starts. */
  get healthUrl(): string | undefined {
    return this.#healthUrl;
  }

  /** Where the outside comes in, if this service has such doors. */
  get doors(): Doors | undefined {
    return this.#doors;
  }

  /** At once, be it that it waits to be started again. */
  start(): void {
    this.#wanted = true;
    clearTimeout(this.#restartTimer);
    const { name, main, environment, log } = this.#options;
    const child = fork(main(), [], {
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
      detached: true,
      // Records and calls live a few milliseconds: a larger nursery keeps the garbage collector from copying them. None is
      // made old from the start because its like once lived longer: what it holds would be kept until a major collection.
      execArgv: ['--max-semi-space-size=32', '--no-allocation-site-pretenuring'],
      env: environment(),
    });
    this.#child = child;
    this.#startedAt = performance.now();
    child.on('message', (message) => {
      this.#healthUrl = healthUrlIn(message) ?? this.#healthUrl;
      this.#doors = doorsIn(message) ?? this.#doors;
      this.#portInUse = portInUseIn(message) ?? this.#portInUse;
    });
    const say = (line: string): void => {
      this.#lineCount++;
      this.#lastWords = [...this.#lastWords.slice(1 - LAST_WORDS_COUNT), line];
      log(line);
    };
    if (child.stdout !== null) eachLine(child.stdout, say);
    if (child.stderr !== null) eachLine(child.stderr, say);
    child.once('error', (error) => {
      log(`${name} could not be started: ${error.message}`);
    });
    child.once('exit', (code, signal) => {
      const how = signal ?? `code ${String(code)}`;
      this.#ended(how, code === WRONG_SETTINGS_CODE);
      this.#options.onEnd?.(how);
    });
  }

  /**
   * Resolves once the service says it is ready, however long it takes as long as it gets on; rejects with its last words
   * when it does not, or keeps ending.
   */
  async ready(): Promise<void> {
    const result = await awaitProgress({
      isDone: () => this.#isReady(),
      isOver: () => this.#whyNotReady() !== undefined,
      signs: () => `${String(this.#lineCount)} ${this.#health}`,
      pid: () => this.pid,
      everyMs: 25,
    });
    if (result !== 'done') throw this.#notReady(this.#whyNotReady() ?? `it does not get on (${this.#health})`);
    this.#crashCount = 0;
  }

  /** Sends a signal to the process that runs now, as a crash or an operator would; resolves when it has ended. It is started again. */
  async kill(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }

  /** Stops it cleanly and starts it again; resolves when it is ready. */
  async restart(): Promise<void> {
    await this.stop();
    this.start();
    await this.ready();
  }

  /** Cleanly; with kill -9 when it does not end within 20 s. */
  async stop(): Promise<void> {
    this.#wanted = false;
    clearTimeout(this.#restartTimer);
    const child = this.#child;
    if (child === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    const impatience = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
    await ended;
    clearTimeout(impatience);
  }

  async #isReady(): Promise<boolean> {
    if (this.#healthUrl === undefined) return false;
    const { isReady, text } = await healthAt(this.#healthUrl);
    this.#health = text;
    return isReady;
  }

  /** Why it is no use to wait any longer. */
  #whyNotReady(): string | undefined {
    if (this.#hasWrongSettings) return 'its settings are wrong';
    if (!this.#wanted) return 'it was stopped';
    return this.#crashCount >= CRASH_COUNT_MAX ? 'it keeps ending' : undefined;
  }

  #notReady(reason: string): Error {
    const words = this.#lastWords.map((line) => `\n  ${line}`).join('');
    return new Error(`Expected ${this.#options.name} to get ready, but ${reason}. Its last words:${words}`);
  }

  #ended(how: string, hasWrongSettings: boolean): void {
    this.#child = undefined;
    this.#healthUrl = undefined;
    if (!this.#wanted) return;
    const isChanged = this.#portInUse === undefined ? undefined : this.#options.changePort?.(this.#portInUse);
    this.#portInUse = undefined;
    // Another try would find the same settings.
    this.#hasWrongSettings = hasWrongSettings && isChanged === undefined;
    if (this.#hasWrongSettings) return;
    if (performance.now() - this.#startedAt > STEADY_MS) this.#crashCount = 0;
    const delayMs = Math.min(RESTART_MS_MIN * 2 ** this.#crashCount, RESTART_MS_MAX);
    this.#crashCount++;
    this.#options.log(`ended with ${how}: it is started again in ${String(delayMs)} ms`);
    this.#restartTimer = setTimeout(() => {
      void Promise.resolve(isChanged).then(() => {
        if (this.#wanted) this.start();
      });
    }, delayMs);
  }
}

function portInUseIn(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null) return undefined;
  if (!('type' in message && message.type === 'port-in-use' && 'variable' in message)) return undefined;
  return typeof message.variable === 'string' ? message.variable : undefined;
}

function doorsIn(message: unknown): Doors | undefined {
  if (typeof message !== 'object' || message === null || !('grpcAddress' in message && 'httpUrl' in message))
    return undefined;
  const { grpcAddress, httpUrl } = message;
  return typeof grpcAddress === 'string' && typeof httpUrl === 'string' ? { grpcAddress, httpUrl } : undefined;
}

function healthUrlIn(message: unknown): string | undefined {
  if (typeof message !== 'object' || message === null || !('healthUrl' in message)) return undefined;
  return typeof message.healthUrl === 'string' ? message.healthUrl : undefined;
}
