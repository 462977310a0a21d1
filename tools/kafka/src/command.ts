import { execFile } from 'node:child_process';

export interface CommandOutcome {
  /** The exit code; 127 when there is no such program, as in a shell; undefined when it was cut short. */
  readonly code: number | undefined;
  /** What it printed, on both streams. */
  readonly printed: string;
}

/** Runs a short command and tells how it went; never throws for a failing or a missing one. */
export function outcomeOf(
  program: string,
  args: readonly string[],
  timeoutMs: number,
  cwd?: string,
): Promise<CommandOutcome> {
  return new Promise((resolve) => {
    const child = execFile(program, args, { timeout: timeoutMs, cwd }, (error, out, err) => {
      const printed = `${out}${err}`.trim();
      if (error === null) resolve({ code: 0, printed });
      else if (error.code === 'ENOENT') resolve({ code: 127, printed });
      else resolve({ code: child.exitCode ?? undefined, printed });
    });
  });
}
