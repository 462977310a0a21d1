import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A program of this folder, as it was built. */
export type WorkerProgram = 'worker' | 'cancel-worker';

const mainOf = (program: WorkerProgram): string =>
  fileURLToPath(new URL(`../../dist/drill/${program}.js`, import.meta.url));

/** A worker in a process of its own; it does not outlive this one. */
export class WorkerProcess {
  readonly #environment: Readonly<Record<string, string>>;
  readonly #program: WorkerProgram;
  #child: ChildProcess;

  constructor(environment: Readonly<Record<string, string>>, program: WorkerProgram = 'worker') {
    this.#environment = environment;
    this.#program = program;
    this.#child = this.#start();
  }

  /** kill -9, and another in its place. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
    this.#child = this.#start();
  }

  stop(): Promise<void> {
    return this.#end('SIGTERM');
  }

  #start(): ChildProcess {
    return fork(mainOf(this.#program), [], { env: { ...process.env, ...this.#environment }, execArgv: [] });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
