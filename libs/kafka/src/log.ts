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
