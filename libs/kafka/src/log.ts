export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/** Where this room writes what happened. Whoever opens the connection says where it goes; the default is nowhere. */
export type Log = (level: LogLevel, message: string, fields?: Readonly<Record<string, unknown>>) => void;

export const silent: Log = () => undefined;
