import { setTimeout as pause } from 'node:timers/promises';
import { OperationalError } from '@ratchet/kafka';
import type { RunStatus, WorkflowRun as RunState } from '@ratchet/domain';
import type { RunSession } from './run-session.ts';

export interface RunWatchOptions {
  readonly session: RunSession;
  /** What is known of the run now. */
  readonly status: () => RunStatus;
  /** Told what the server says of the run, whenever that is something else. */
  readonly heard: (run: RunState) => void;
  /** There is no such run any more. */
  readonly gone: () => void;
}

/** Between two questions of which the first brought nothing but an error. */
const pauseMs = 1_000;

/**
 * Hears of what others do to a run: one long question after the other, until it is closed.
 *
 * The server remembers who asks and answers when there is news; a question or an answer that was lost is made up for by
 * the next one, a few seconds later.
 */
export class RunWatch {
  readonly #options: RunWatchOptions;
  readonly #ended = new AbortController();

  constructor(options: RunWatchOptions) {
    this.#options = options;
  }

  /** Goes on until `end`, until the run is closed or gone, or until the connection is closed. */
  async run(): Promise<void> {
    const { status } = this.#options;
    while (!this.#ended.signal.aborted && status() !== 'closed') {
      try {
        await this.#ask();
      } catch (error) {
        if (error instanceof OperationalError && !error.retryable) return;
        await pause(pauseMs, undefined, { signal: this.#ended.signal }).catch(() => undefined);
      }
    }
  }

  end(): void {
    this.#ended.abort();
  }

  async #ask(): Promise<void> {
    const { session, status, heard, gone } = this.#options;
    const known = { status: status(), signalName: '', signalsUpTo: -1, signalCountMax: 0 };
    const { body } = await session.session.channel.awaitRun(session.run, known, { signal: this.#ended.signal });
    if (body.type === 'RunDescribed') heard(body.run);
    else gone();
  }
}
