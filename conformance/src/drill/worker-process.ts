import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** As it was built. */
const main = fileURLToPath(new URL('../../dist/drill/worker.js', import.meta.url));

/** A worker in a process of its own; it does not outlive this one. */
export class WorkerProcess {
  readonly #child: ChildProcess;

  /** @param environment KAFKA_BROKERS, SCHEMA_REGISTRY_URL, DRILL_TASK_QUEUE, DRILL_SLOTS, DRILL_RUNS_FILE. */
  constructor(environment: Readonly<Record<string, string>>) {
    this.#child = fork(main, [], { env: { ...process.env, ...environment }, execArgv: [] });
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await ended;
  }
}
