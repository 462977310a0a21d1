import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, existsSync, openSync, readFileSync, statSync } from 'node:fs';

export interface Jvm {
  readonly name: string;
  /** The process group: the shell, its watcher and the JVM. */
  readonly pid: number;
  readonly ended: Promise<void>;
  hasEnded(): boolean;
  /** Ends it cleanly (SIGTERM); after `graceMs` the watcher kills it. */
  stop(): Promise<void>;
  /** kill -9, as a crash would. */
  kill(): Promise<void>;
  /** Stops it where it stands, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void;
  /** The last lines that it logged. */
  lastWords(): string;
  /** How much it has logged. */
  loggedBytes(): number;
}

/**
 * The shell around a JVM. Its standard input is a pipe from the launcher that never carries anything: it ends when the launcher
 * stops the JVM, and also when the launcher dies in any way (kill -9 too), so that no JVM is left behind.
 */
const SHELL = `
exec 3<&0
"$@" </dev/null 3<&- &
jvm=$!
( read -r _ <&3; kill -TERM $jvm; n=0
  while kill -0 $jvm && [ $n -lt 150 ]; do sleep 0.1; n=$((n+1)); done
  kill -KILL $jvm ) 2>/dev/null &
watcher=$!
exec 3<&-
wait $jvm
code=$?
kill -KILL $watcher 2>/dev/null
exit $code
`;

export interface JvmOptions {
  readonly cwd: string;
  readonly logFile: string;
  /** More of its environment. */
  readonly environment: Readonly<Record<string, string>>;
}

/** Starts `java ...args`, with what it prints in `logFile`, in a process group of its own: a Ctrl-C reaches the launcher alone. */
export function startJvm(name: string, args: readonly string[], options: JvmOptions): Jvm {
  const log = openSync(options.logFile, 'w');
  const child = spawn('sh', ['-c', SHELL, 'sh', 'java', ...args], {
    cwd: options.cwd,
    env: { ...process.env, ...options.environment },
    detached: true,
    stdio: ['pipe', log, log],
  });
  closeSync(log);
  return jvmOf(name, child, options.logFile);
}

function jvmOf(name: string, child: ChildProcess, logFile: string): Jvm {
  const pid = child.pid;
  if (pid === undefined) throw new Error(`Expected to start ${name}, but no shell could be started`);
  let over = false;
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => {
      over = true;
      resolve();
    });
  });
  // the shell may be gone before the pipe is closed
  child.stdin?.on('error', () => undefined);
  return {
    name,
    pid,
    ended,
    hasEnded: () => over,
    stop: () => {
      child.stdin?.end();
      return ended;
    },
    kill: () => {
      if (!over) process.kill(-pid, 'SIGKILL');
      return ended;
    },
    signal: (signal) => {
      if (!over) process.kill(-pid, signal);
    },
    lastWords: () =>
      existsSync(logFile) ? readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-12).join('\n') : '',
    loggedBytes: () => statSync(logFile, { throwIfNoEntry: false })?.size ?? 0,
  };
}
