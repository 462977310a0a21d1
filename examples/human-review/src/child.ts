import { fork } from 'node:child_process';
import { once } from 'node:events';

/** A process of the example's own. */
export interface Child {
  readonly pid: number;
  /** kill -9; resolves when it is gone. */
  kill(): Promise<void>;
}

/** @param main a file beside this one, without its extension. It ends with this process, however that ends. */
export function startChild(
  main: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Child {
  const env = { ...process.env, ...environment };
  const child = fork(new URL(`./${main}.js`, import.meta.url), [...args], { env, stdio: 'inherit' });
  const { pid } = child;
  if (pid === undefined) throw new Error(`Expected to start ${main}, but it got no process id`);
  return {
    pid,
    kill: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}
