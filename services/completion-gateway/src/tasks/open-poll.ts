import type { GrantedTask, TaskRequest } from '../front-door/index.ts';

/** Someone who waits for a task, until there is one, or they go. */
export class OpenPoll {
  readonly request: TaskRequest;
  readonly answer: Promise<GrantedTask | undefined>;
  readonly #signal: AbortSignal;
  readonly #onGone: () => void;
  #resolve: (task: GrantedTask | undefined) => void = () => undefined;
  #settled = false;

  /** @param onGone told when the poller goes without a task. */
  constructor(request: TaskRequest, signal: AbortSignal, onGone: (poll: OpenPoll) => void) {
    this.request = request;
    this.#signal = signal;
    this.answer = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#onGone = () => {
      this.end();
      onGone(this);
    };
    signal.addEventListener('abort', this.#onGone, { once: true });
  }

  /** Nobody waits here any more. */
  get isOver(): boolean {
    return this.#settled;
  }

  give(task: GrantedTask): void {
    this.#settle(task);
  }

  /** Sends the poller away with nothing. */
  end(): void {
    this.#settle(undefined);
  }

  #settle(task: GrantedTask | undefined): void {
    if (this.#settled) return;
    this.#settled = true;
    this.#signal.removeEventListener('abort', this.#onGone);
    this.#resolve(task);
  }
}
