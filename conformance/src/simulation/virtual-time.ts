import { beginning, type World } from './world.ts';

type Callback = (...args: unknown[]) => unknown;

/** What `setTimeout` gives back. */
class VirtualTimer {
  #cancel: () => void = () => undefined;

  constructor(arm: (timer: VirtualTimer) => () => void) {
    this.#cancel = arm(this);
  }

  again(cancel: () => void): void {
    this.#cancel = cancel;
  }

  cancel(): void {
    this.#cancel();
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  hasRef(): boolean {
    return true;
  }
}

/**
 * Puts a world's time and dice in the place of the machine's, for whatever reads them by their global names: timers belong to
 * the process whose event sets them, and wait while it is stopped.
 *
 * @returns undoes it.
 */
export function installVirtualTime(world: World): () => void {
  const cancel = (timer: unknown): void => {
    if (timer instanceof VirtualTimer) timer.cancel();
  };
  const later = (delayMs: number, act: Callback, args: unknown[]): VirtualTimer =>
    new VirtualTimer(() => world.later(world.current, delayMs, () => void act(...args)));
  const every = (delayMs: number, act: Callback, args: unknown[]): VirtualTimer => {
    const process = world.current;
    const arm = (timer: VirtualTimer): (() => void) =>
      world.later(process, Math.max(1, delayMs), () => {
        timer.again(arm(timer));
        act(...args);
      });
    return new VirtualTimer(arm);
  };
  const undo = [
    replace(globalThis, 'setTimeout', (act: Callback, delayMs = 0, ...args: unknown[]) => later(delayMs, act, args)),
    replace(globalThis, 'setInterval', (act: Callback, delayMs = 0, ...args: unknown[]) => every(delayMs, act, args)),
    replace(globalThis, 'setImmediate', (act: Callback, ...args: unknown[]) => later(0, act, args)),
    ...(['clearTimeout', 'clearInterval', 'clearImmediate'] as const).map((name) => replace(globalThis, name, cancel)),
    replace(Date, 'now', () => world.clock(world.current?.wallAheadMs)),
    replace(Math, 'random', () => world.fraction()),
    replace(performance, 'now', () => world.now),
    replace(performance, 'timeOrigin', beginning),
  ];
  return () => {
    for (const each of undo.reverse()) each();
  };
}

function replace(object: object, name: string, value: unknown): () => void {
  const former = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { value, configurable: true, writable: true });
  return () => {
    if (former === undefined) Reflect.deleteProperty(object, name);
    else Object.defineProperty(object, name, former);
  };
}
