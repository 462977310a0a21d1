export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where this room writes what happened. Whoever opens the connection says where it goes; the default is nowhere. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export const silent: Log = () => undefined;

/**
 * A log of someone else's, which disturbs nobody when it fails: what could not be said, and why, is `otherwise`'s matter.
 * It may be an asynchronous function; nobody waits for it.
 */
export const guardedLog =
  (
    log: (...said: Parameters<Log>) => unknown,
    otherwise: (error: unknown, ...said: Parameters<Log>) => void = () => undefined,
  ): Log =>
  (...said) => {
    try {
      const answer = log(...said);
      // Of whatever library, or of another realm.
      if (typeof answer !== 'object' || answer === null || !('then' in answer)) return;
      Promise.resolve(answer).catch((error: unknown) => {
        otherwise(error, ...said);
      });
    } catch (error) {
      otherwise(error, ...said);
    }
  };

/** After a fault was said it is said again after so long, if it lasts; then after twice as long, and so on. */
const sayAgainMsMin = 60_000;
const sayAgainMsMax = 600_000;
/** So many faults are told apart at a time; that which was said first makes room. */
const faultsMax = 200;
/** What tells a fault: the rest of a long message may be anything. */
const keyLengthMax = 300;

type Fields = Readonly<Record<string, unknown>>;

type Say = (level: LogLevel, message: string, fields: Fields) => void;

interface Fault {
  readonly level: LogLevel;
  readonly message: string;
  /** Of the latest. */
  fields: Fields | undefined;
  more: number;
  saidAt: number;
  waitMs: number;
  timer: NodeJS.Timeout;
}

/**
 * Keeps what lasts from filling a log: a warning or an error is said at once, and what is the same but for its numbers not
 * again while it lasts, but how often it came since (`more`, `forMs`): after a minute, then ever more rarely, and when it has
 * ended. Debug and info are passed on.
 */
export class LastingFaults {
  readonly #sayAgain: Say;
  readonly #faults = new Map<string, Fault>();

  /** @param sayAgain says how often a line has come since. */
  constructor(sayAgain: Say) {
    this.#sayAgain = sayAgain;
  }

  /**
   * Whether a line is to be said now; if not, it is counted.
   *
   * @param reason what tells it from others of the same words, where that is not among them.
   */
  admits(level: LogLevel, message: string, fields?: Fields, reason = ''): boolean {
    if (level === 'debug' || level === 'info') return true;
    const key = keyOf(level, `${message} ${reason}`);
    const known = this.#faults.get(key);
    if (known === undefined) {
      this.#begin(key, { level, message, fields });
      return true;
    }
    known.more++;
    known.fields = fields;
    return false;
  }

  /** Says what was counted and not yet said, and forgets all. */
  flush(): void {
    for (const key of [...this.#faults.keys()]) this.#end(key);
  }

  #begin(key: string, { level, message, fields }: Pick<Fault, 'level' | 'message' | 'fields'>): void {
    for (const [oldest] of this.#faults) {
      if (this.#faults.size < faultsMax) break;
      this.#end(oldest);
    }
    const waitMs = sayAgainMsMin;
    const timer = this.#lookAfter(waitMs, key);
    this.#faults.set(key, { level, message, fields, more: 0, saidAt: performance.now(), waitMs, timer });
  }

  #lookAfter(waitMs: number, key: string): NodeJS.Timeout {
    return setTimeout(() => {
      this.#look(key);
    }, waitMs).unref();
  }

  #look(key: string): void {
    const fault = this.#faults.get(key);
    if (fault === undefined) return;
    if (fault.more === 0) {
      this.#faults.delete(key);
      return;
    }
    this.#count(fault);
    fault.waitMs = Math.min(2 * fault.waitMs, sayAgainMsMax);
    fault.timer = this.#lookAfter(fault.waitMs, key);
  }

  #count(fault: Fault): void {
    const { level, message, fields, more, saidAt } = fault;
    const forMs = Math.round(performance.now() - saidAt);
    fault.more = 0;
    fault.saidAt = performance.now();
    const times = `${String(more)} more in ${String(Math.ceil(forMs / 1000))} s`;
    this.#sayAgain(level, `${message} (${times})`, { ...fields, more, forMs });
  }

  #end(key: string): void {
    const fault = this.#faults.get(key);
    if (fault === undefined) return;
    clearTimeout(fault.timer);
    this.#faults.delete(key);
    if (fault.more > 0) this.#count(fault);
  }
}

/** Which partition, port or attempt it is of does not make it another fault. */
const keyOf = (level: LogLevel, message: string): string =>
  `${level} ${message.slice(0, keyLengthMax).replaceAll(/[\da-f]{8}-[\da-f-]{20,}|\d+/g, '#')}`;

/** The same for a log that is a function. Whoever made it flushes it in the end, so that no count is lost. */
export function oncePerFault(log: Log): Log & Pick<LastingFaults, 'flush'> {
  const faults = new LastingFaults(log);
  const once: Log = (...line) => {
    if (faults.admits(...line)) log(...line);
  };
  return Object.assign(once, {
    flush: () => {
      faults.flush();
    },
  });
}
